"""Questions put to a replica or a version: is it healthy, does it do what it should."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one replica is asked whether it is ready.

    path:      requested with GET on the replica itself; 200 to 399 means ready.
    interval_s: seconds between two asks. timeout_s: seconds one ask may take.
    successes: asks in a row that must succeed; one failure starts the count again.
    give_up_s: seconds from the start of waiting until the replica counts as failed.
    """

    path: str = "/"
    interval_s: float = 0.5
    timeout_s: float = 2.0
    successes: int = 2
    give_up_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck:
    """Passes when a GET through the proxy gives the answer that is expected.

    name:      what people call the check.
    path:      requested from the version under test.
    status:    expected in the answer. contains: text that the body must have.
    timeout_s: seconds one attempt may take. attempts: how often it is tried before it fails.
    """

    name: str
    path: str
    status: int = 200
    contains: str = ""
    timeout_s: float = 5.0
    attempts: int = 1
    kind: Literal["http"] = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCheck:
    """Passes when the command exits 0.

    It finds CHANGEOVER_URL (the version under test, through the proxy), CHANGEOVER_HEADER
    ("name: value" to send with each request, or empty), CHANGEOVER_SERVICE,
    CHANGEOVER_ENVIRONMENT and CHANGEOVER_VERSION in its environment.

    name:      what people call the check.
    command:   the program and its arguments; no shell is involved.
    timeout_s: seconds one attempt may take. attempts: how often it is tried before it fails.
    """

    name: str
    command: tuple[str, ...]
    timeout_s: float = 60.0
    attempts: int = 1
    kind: Literal["command"] = "command"


Check = HttpCheck | CommandCheck
