"""Starting a replica under a keeper, once, however many ask for it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from changeover.adapters.runtime.process.command import as_json, spec_for
from changeover.adapters.runtime.process.files import ReplicaFiles, Spec, Supervision
from changeover.adapters.runtime.process.launch import launch
from changeover.adapters.runtime.process.locks import try_lock
from changeover.adapters.runtime.process.ports import PortRange
from changeover.adapters.runtime.process.view import living
from changeover.domain.release import Release
from changeover.domain.replica import ReplicaId
from changeover.execution.errors import ReplicaFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """What every start needs; see `ProcessRuntime` for the meaning."""

    artifacts: Callable[[str], Path]
    deployer: Mapping[str, str]
    ports: PortRange
    host: str
    supervision: Supervision

    async def start(
        self, files: ReplicaFiles, replica: ReplicaId, release: Release, values: Mapping[str, str]
    ) -> bool:
        """Whether it runs under a keeper now. False: somebody else is at it, call again.

        Raises: ReplicaFailed, TargetUnreachable, OSError.
        """
        lock = try_lock(files.lock)
        if lock is None:
            return _runs(files, replica, release)
        try:
            port_lock = self._prepared(files, replica, release)
        except BaseException:
            os.close(lock)
            raise
        await launch(files, values, [lock] if port_lock is None else [lock, port_lock])
        return True

    def _prepared(self, files: ReplicaFiles, replica: ReplicaId, release: Release) -> int | None:
        """Nobody keeps it, and nobody else can while we hold its lock. Write down what shall run,
        unless it runs already; returns the lock of its port, which an heir may fail to get."""
        before = files.read_spec()
        if before is None or not living(files, before):
            return self._written(files, replica, release, before)
        _same(before, release, replica)
        return self.ports.hold(before.port)

    def _written(
        self, files: ReplicaFiles, replica: ReplicaId, release: Release, before: Spec | None
    ) -> int:
        directory = self.artifacts(release.artifact).absolute()
        prefer = before.port if before else None
        port, handle = self.ports.reserve(files, host=self.host, prefer=prefer)
        try:
            spec = spec_for(
                replica, release, directory, self.deployer,
                host=self.host, port=port, supervision=self.supervision, scratch=files.home,
            )  # fmt: skip
            if before:
                spec.take_mark(before)
            files.write_spec(spec)
        except BaseException:
            os.close(handle)
            raise
        return handle


def _runs(files: ReplicaFiles, replica: ReplicaId, release: Release) -> bool:
    """Somebody holds its lock: a keeper that has it running, or one that starts or stops it."""
    spec, status = files.read_spec(), files.read_status()
    if spec is None or status.stop_by is not None or not files.kept():
        return False
    if status.child is None and not status.exits:
        return False
    _same(spec, release, replica)
    return True


def _same(spec: Spec, release: Release, replica: ReplicaId) -> None:
    if spec.release != as_json(release):
        raise ReplicaFailed(
            f"{replica} runs already, but with another artifact, command or settings; one version"
            " means one of each.",
            hint="give the new release a version of its own",
        )
