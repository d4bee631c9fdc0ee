"""An error that no part of changeover has words for, said in words all the same.

Left alone it would end the command with 1, which means "failed, and safely back on stable": more
than anybody knows then.
"""

from changeover.execution.errors import ChangeoverError, NeedsPerson

_FRAMES = 3
_HINT = "`changeover status` shows what serves now, and how a run is doing"


def said_by_us(error: Exception) -> ChangeoverError:
    """`error` itself when it is one of ours; else one that says what is known of it."""
    if isinstance(error, ChangeoverError):
        return error
    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return NeedsPerson(
            f"this machine said no: {about}{error.strerror}", hint=f"put that right; {_HINT}"
        )
    return NeedsPerson(
        f"a mistake in changeover itself: {type(error).__name__}: {error} ({_where(error)})",
        hint=f"{_HINT}; please report the line above",
    )


def _where(error: Exception) -> str:
    """The last places that `error` came through, the innermost last."""
    from pathlib import PurePath
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)[-_FRAMES:]
    return ", ".join(f"{PurePath(f.filename).name}:{f.lineno}" for f in frames)
