"""What the service's file says for one environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from changeover.domain.checks import Check, Health
from changeover.interfaces.config.derive import record_of
from changeover.interfaces.config.leaves import (
    ADDRESS,
    NAME,
    PRESENT,
    TEXT,
    VARIABLE,
    whole,
)
from changeover.interfaces.config.record import Record
from changeover.interfaces.config.shape import MapOf, matching
from changeover.interfaces.config.strategies import Strategy, StrategyShape
from changeover.interfaces.config.values import Address

ENVIRONMENTS = "environments"
MOST_REPLICAS = 1_000
"""A plan names every replica, and its proof looks at each step: beyond this both take minutes."""
_PASSWORD = r"://[^/@\s]*?:(?!\$\{\w+\}@)(?!\d+[/?])[^@\s]*@|password=(?!\$\{\w+\}(?:&|$))"
_JOURNAL = matching(
    "a journal's URL",
    "sqlite:///file or postgresql://user:${VARIABLE}@host/database; a password only as a variable",
    rf"(?!.*(?:{_PASSWORD}))(?:[a-z][a-z0-9+]*://\S*|\$\{{\w+\}})",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where a secret's value is found when a replica starts; never the value itself. One of
    both is given.

    environment: variable of whoever runs changeover.
    file:        file that holds the value, relative to the service's file.
    """

    environment: Annotated[str, PRESENT] = ""
    file: Annotated[str, PRESENT] = ""


_SECRETS = MapOf(record_of(SecretSource, one_of=("environment", "file")), VARIABLE)
_VARIABLES = MapOf(TEXT, VARIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A service: what to run, how to see that it is well, and how its versions change over.

    service:      the service's name; the same in every environment.
    artifact:     what is shipped, relative to this file: a directory, a .zip or .tar archive, a
                  wheel, a jar or a single program.
    command:      what starts a replica, in the release's directory: one line or a list; no shell
                  is involved. {port} is the port to listen on (the variable PORT holds it too),
                  {release} the directory of the unpacked artifact.
    listen:       where users reach the service: a port on all interfaces, or IP address:port.
    strategy:     how one version takes over from another.
    environment:  variables for the replicas.
    secrets:      variables filled in when a replica starts, from the deployer's environment or
                  from a file.
    health:       how a replica is asked whether it is ready.
    replicas:     how many copies run.
    min_ready:    how many must take requests at every moment; all of them when left out.
    drain_s:      time that requests and websockets in flight get before their replica is stopped.
    grace_s:      time between asking a replica to end (SIGTERM) and killing it.
    idle_timeout_s: time that a connection from the proxy to a replica may idle; must be below the
                  service's own keep-alive timeout.
    memory_bytes: expected memory of one replica, for the peak that `plan` shows.
    checks:       smoke checks of a new version; the strategy says when they run.
    journal:      where runs are remembered: sqlite:///file, relative to this file, or
                  postgresql://…, a password only as ${VARIABLE}; a file in the state directory
                  when left out.
    retention:    how many releases are kept to roll back to.
    """

    service: Annotated[str, NAME]
    artifact: Annotated[str, PRESENT]
    command: tuple[str, ...]
    listen: Annotated[Address, ADDRESS]
    strategy: Annotated[Strategy, StrategyShape()]
    environment: Annotated[Mapping[str, str], _VARIABLES] = field(default_factory=dict)
    secrets: Annotated[Mapping[str, SecretSource], _SECRETS] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    replicas: Annotated[int, whole(1, MOST_REPLICAS)] = 1
    min_ready: int | None = None
    drain_s: float = 30.0
    grace_s: float = 10.0
    idle_timeout_s: float = 4.0
    memory_bytes: int | None = None
    checks: tuple[Check, ...] = ()
    journal: Annotated[str | None, _JOURNAL] = None
    retention: Annotated[int, whole(1)] = 5


def settings_record() -> Record:
    """The shape of the file, `environments` aside."""
    return record_of(Settings, also=(ENVIRONMENTS,))
