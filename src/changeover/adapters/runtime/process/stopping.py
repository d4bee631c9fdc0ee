"""Having a replica stopped by its keeper, or stopping what a dead keeper left running."""

import asyncio
import signal

from changeover.adapters.runtime.process.family import Family, lost_family
from changeover.adapters.runtime.process.files import ReplicaFiles, Spec
from changeover.adapters.runtime.process.locks import closing, try_lock
from changeover.execution.errors import TargetUnreachable

_LOOK_S = 0.05
_KILLED_S = 10.0


async def stop_once(files: ReplicaFiles, *, grace_s: float) -> None:
    """Ask the keeper; without one, stop the replica here. While the replica has a spec afterwards,
    the keeper is at it, or somebody else has just been: call again.

    Raises: TargetUnreachable, OSError.
    """
    if files.request(f"stop {grace_s}\n"):
        return
    handle = try_lock(files.lock)
    if handle is None:
        return
    with closing(handle):
        if (spec := files.read_spec()) is not None:
            await _stop_unkept(files, spec, grace_s=grace_s)
            files.mark_stopped()


async def _stop_unkept(files: ReplicaFiles, spec: Spec, *, grace_s: float) -> None:
    """SIGTERM, `grace_s` seconds, SIGKILL, to what the dead keeper left running.

    Raises: TargetUnreachable (not even SIGKILL ends it).
    """
    child = files.read_status().child
    family = Family(child, mark=spec.mark, own=False) if child else None
    if family is None or family.gone():
        family = lost_family(spec.mark)
    if family is None:
        return
    family.signal(signal.SIGTERM)
    if await _gone(family, grace_s):
        return
    family.signal(signal.SIGKILL)
    if not await _gone(family, _KILLED_S):
        raise TargetUnreachable(
            f"Process {family.leader.pid} of {files.home} does not end even by SIGKILL.",
            hint="it waits for a disk or a driver; look at `ps -o stat,wchan`",
        )


async def _gone(family: Family, timeout_s: float) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while not family.gone():
        if loop.time() >= end:
            return False
        await asyncio.sleep(_LOOK_S)
    return True
