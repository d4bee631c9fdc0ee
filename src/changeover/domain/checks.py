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
    """Passes when GET `path` through the proxy answers `status` and the body has `contains`.

    name:      for people and logs.
    path:      requested through the proxy, from the version under test.
    status:    the answer's status.
    contains:  text that the body must have.
    timeout_s: longest time of one attempt.
    attempts:  how often it is tried before it has failed.
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
    """Passes when the command exits 0. It finds CHANGEOVER_URL (the version under test, through
    the proxy), CHANGEOVER_HEADER ("name: value" to send with each request, or empty),
    CHANGEOVER_SERVICE, CHANGEOVER_ENVIRONMENT and CHANGEOVER_VERSION in its environment.

    name:      for people and logs.
    command:   a list, or one line that is split like a shell splits it; no shell is involved.
    timeout_s: longest time of one attempt.
    attempts:  how often it is tried before it has failed.
    """

    name: str
    command: tuple[str, ...]
    timeout_s: float = 60.0
    attempts: int = 1
    kind: Literal["command"] = "command"


Check = HttpCheck | CommandCheck
