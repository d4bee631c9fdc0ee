"""Whatever goes wrong in a step is its failure, so that users are never left in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager

from changeover.execution.attention import Interrupted
from changeover.execution.errors import (
    ChangeoverError,
    JournalUnavailable,
    LeaseLost,
    NeedsPerson,
    StepFailed,
)
from changeover.execution.hold import Parked


@contextmanager
def failing() -> Iterator[None]:
    """Turn errors of the body into StepFailed, bugs of ours or of a plug-in included.

    Left as they are: StepFailed, NeedsPerson, JournalUnavailable, LeaseLost, Interrupted, Parked.
    """
    try:
        yield
    except (StepFailed, NeedsPerson, JournalUnavailable, LeaseLost, Interrupted, Parked):
        raise
    except ChangeoverError as error:
        raise StepFailed(error.message, hint=error.hint) from error
    except Exception as error:
        raise StepFailed(f"internal error: {error!r}", hint="please report it") from error
