"""One running copy of a release."""

from dataclasses import dataclass

from changeover.domain.release import Version
from changeover.domain.service import ServiceId

Slot = int
"""0-based place of a replica within its version; (service, version, slot) names it for ever."""


@dataclass(frozen=True, slots=True, order=True)
class ReplicaId:
    """Names one replica for ever; equal ids mean the same replica, also after a restart."""

    service: ServiceId
    version: Version
    slot: Slot

    def __str__(self) -> str:
        return f"{self.service.name}-{self.version}-{self.slot}"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """Where a replica accepts requests."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedReplica:
    """What a runtime sees of one replica now.

    alive:    its process exists at this moment (between two restarts it does not).
    ready:    its health check's answer, where it was asked for; None where it was not.
    endpoint: where it listens; None before its port is known.
    restarts: times it was started again after ending by itself.
    note:     one line for a person, e.g. "exited with 1 four times, next try in 8 s".
    """

    replica: ReplicaId
    alive: bool
    endpoint: Endpoint | None = None
    restarts: int = 0
    note: str = ""
    ready: bool | None = None
