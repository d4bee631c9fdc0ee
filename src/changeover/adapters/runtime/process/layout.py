"""Where on this machine things lie.

<state>/services/<environment>/<service>/fence
<state>/services/<environment>/<service>/replicas/<version>-<slot>/   one replica (files.py)
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from changeover.adapters.runtime.process.files import ReplicaFiles, Spec
from changeover.domain.replica import ReplicaId
from changeover.domain.service import ServiceId


class Layout:
    """state: directory that holds everything changeover must find again."""

    def __init__(self, state: Path) -> None:
        self._services = state.absolute() / "services"

    def fence(self, service: ServiceId) -> Path:
        return self._service(service) / "fence"

    def replica(self, replica: ReplicaId) -> ReplicaFiles:
        name = f"{_safe(replica.version)}-{replica.slot}"
        return ReplicaFiles(str(self._service(replica.service) / "replicas" / name))

    def replicas(self, service: ServiceId) -> Iterator[ReplicaFiles]:
        """Every replica that has a directory, stopped or not."""
        try:
            homes = sorted((self._service(service) / "replicas").iterdir())
        except FileNotFoundError:
            return
        for home in homes:
            yield ReplicaFiles(str(home))

    def _service(self, service: ServiceId) -> Path:
        return self._services / _safe(service.environment) / _safe(service.name)


def replica_of(spec: Spec) -> ReplicaId:
    return ReplicaId(ServiceId(spec.environment, spec.service), spec.version, spec.slot)


def _safe(name: str) -> str:
    """`name` as one path component that can be nothing else: no slash, no leading dot."""
    quoted = quote(name, safe=" +=@,")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted
