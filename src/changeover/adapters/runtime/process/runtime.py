"""The Runtime port for processes of this machine."""

import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

from changeover.adapters.runtime.process.command import from_json
from changeover.adapters.runtime.process.fence import Fence
from changeover.adapters.runtime.process.files import Damaged, ReplicaFiles, Spec, Supervision
from changeover.adapters.runtime.process.harmless import harmless
from changeover.adapters.runtime.process.layout import Layout, make_private
from changeover.adapters.runtime.process.logs import follow as follow_log
from changeover.adapters.runtime.process.logs import tail
from changeover.adapters.runtime.process.patience import Patience
from changeover.adapters.runtime.process.ports import PortRange
from changeover.adapters.runtime.process.retention import forget_stopped
from changeover.adapters.runtime.process.starting import Starter
from changeover.adapters.runtime.process.stopping import stop_once
from changeover.adapters.runtime.process.trouble import told
from changeover.adapters.runtime.process.view import living, observed
from changeover.adapters.secrets import Mask
from changeover.domain.checks import Health
from changeover.domain.release import Release, Secret
from changeover.domain.replica import Endpoint, ObservedReplica, ReplicaId
from changeover.domain.service import ServiceId
from changeover.domain.text import last_lines
from changeover.execution.errors import ChangeoverError, NothingToDo
from changeover.execution.ports import Readiness

_LAST_LINES = 3


class ProcessRuntime:
    """Runs replicas on this machine, each under a keeper of its own.

    state:       directory for everything that must be found again; made if missing, mode 0700.
    artifacts:   directory of the unpacked artifact with this digest.
    secrets:     value of a secret; called when a replica is started, and to hide it in logs.
    fence:       fencing number of the claim this runtime acts for; 0 for one that only looks.
    deployer:    environment from which replicas inherit `command.INHERITED`.
    ports:       which ports replicas get. host: address they are told to be reached at.
    supervision: restarts and logs. keep_stopped: stopped replicas whose logs are kept.
    """

    def __init__(
        self,
        *,
        state: Path,
        artifacts: Callable[[str], Path],
        secrets: Callable[[Secret], str],
        fence: int = 0,
        deployer: Mapping[str, str] | None = None,
        ports: PortRange | None = None,
        host: str = "127.0.0.1",
        supervision: Supervision | None = None,
        keep_stopped: int = 20,
    ) -> None:
        self._layout = Layout(state)
        self._secrets, self._number, self._keep_stopped = secrets, fence, keep_stopped
        self._starter = Starter(
            artifacts=artifacts,
            deployer=dict(os.environ if deployer is None else deployer),
            ports=ports or PortRange(),
            host=host,
            supervision=supervision or Supervision(),
        )

    async def raise_fence(self, service: ServiceId) -> None:
        """See `Runtime.raise_fence`. Raises: TargetUnreachable, FencedOff."""
        with told(self._layout.fence(service)):
            async with self._fence(service).passed(self._number):
                return

    def highest_fence(self, service: ServiceId) -> int:
        """The highest fencing number that was ever shown here for `service`; 0 for none.

        Raises: TargetUnreachable.
        """
        with told(self._layout.fence(service)):
            return self._fence(service).highest()

    def release_of(self, replica: ReplicaId) -> Release | None:
        """What `replica` was started with; None when it was not, or stopped since.

        Raises: TargetUnreachable (the record cannot be read).
        """
        files = self._layout.replica(replica)
        with told(files.home):
            spec = files.read_spec()
            try:
                return None if spec is None else from_json(spec.release)
            except (KeyError, TypeError, ValueError) as error:
                raise Damaged(f"{files.spec} is damaged: {error!r}") from error

    async def start(self, replica: ReplicaId, release: Release) -> None:
        """See `Runtime.start`. A replica that runs without a keeper gets one again.

        Raises: ReplicaFailed, TargetUnreachable, FencedOff, and what `secrets` raises.
        """
        files, fence = self._layout.replica(replica), self._fence(replica.service)
        values = {secret.name: self._secrets(secret) for secret in release.secrets}
        patience = Patience(files)
        with told(files.home):
            while True:
                async with fence.passed(self._number):
                    # Each time: while we waited, a stop may have let it be forgotten.
                    make_private(Path(files.home))
                    if await self._starter.start(files, replica, release, values):
                        return
                await patience.wait()

    async def stop(self, replica: ReplicaId, *, grace_s: float) -> None:
        """See `Runtime.stop`. The last log stays for `logs`.

        Raises: TargetUnreachable, FencedOff.
        """
        files, fence = self._layout.replica(replica), self._fence(replica.service)
        patience = Patience(files, grace_s=grace_s)
        with told(files.home):
            while files.read_spec() is not None:
                async with fence.passed(self._number):
                    await stop_once(files, grace_s=grace_s)
                if files.read_spec() is not None:
                    await patience.wait()
            forget_stopped(self._layout, replica.service, keep=self._keep_stopped)

    async def is_ready(self, replica: ReplicaId, health: Health) -> Readiness:
        """See `Runtime.is_ready`. Asks only while the replica's own process runs, before and
        after, so that nobody else who answers on its port is taken for it."""
        from changeover.adapters.runtime.process.health import ask

        files = self._layout.replica(replica)
        with told(files.home):
            spec = files.read_spec()
            if spec is None:
                return Readiness(ready=False, why="was not started")
            child = living(files, spec)
            if child is None:
                return self._down(files, spec)
            answer = await ask(Endpoint(spec.host, spec.port), health)
            return answer if living(files, spec) == child else self._down(files, spec)

    async def observe(self, service: ServiceId) -> Sequence[ObservedReplica]:
        """See `Runtime.observe`. Raises: TargetUnreachable (a record cannot be read)."""
        found = []
        for files in self._layout.replicas(service):
            with told(files.home):
                if seen := observed(files):
                    found.append(seen)
        return sorted(found, key=lambda seen: seen.replica)

    async def logs(self, replica: ReplicaId, *, follow: bool, lines: int) -> AsyncGenerator[str]:
        """See `Runtime.logs`. Secrets are hidden, controls spelt out; also for some time after
        the replica was stopped, where following ends.

        Raises: NothingToDo (it has never run here, or too long ago).
        """
        files = self._layout.replica(replica)
        if not files.has_log():
            raise NothingToDo(f"{replica} has written no log on this host.")
        with told(files.home):
            mask = self._mask(files)
            if not follow:
                for line in tail(files.log, lines):
                    yield harmless(line, mask)
                return
            async for line in follow_log(files.log, lines, going_on=files.started):
                yield harmless(line, mask)

    def _fence(self, service: ServiceId) -> Fence:
        return Fence(self._layout.fence(service), service)

    def _down(self, files: ReplicaFiles, spec: Spec) -> Readiness:
        seen = observed(files)
        why = seen.note if seen and seen.note else "its process does not run"
        mask = self._mask(files)
        lines = [harmless(line, mask) for line in tail(files.log, _LAST_LINES)]
        said = last_lines("\n".join(lines), lines=_LAST_LINES)
        return Readiness(ready=False, why="; last lines: ".join(filter(None, (why, said))))

    def _mask(self, files: ReplicaFiles) -> Mask:
        """Hides what can be resolved; a secret that cannot be had is none that we can hide."""
        spec = files.read_spec(after_stop=True)
        references = spec.release.get("secrets") if spec else None
        values = []
        for reference in references if isinstance(references, list) else []:
            try:
                values.append(self._secrets(Secret(**reference)))
            except ChangeoverError:
                continue
        return Mask(values)
