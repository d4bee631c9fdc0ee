"""What can be seen of a replica without asking anybody."""

import time

from changeover.adapters.runtime.process.family import lost_family
from changeover.adapters.runtime.process.files import ReplicaFiles, Spec, Status
from changeover.adapters.runtime.process.identity import Identity
from changeover.adapters.runtime.process.layout import replica_of
from changeover.domain.replica import Endpoint, ObservedReplica

_TIMES = ("never", "once", "twice", "three times", "four times", "five times", "six times")


def living(files: ReplicaFiles, spec: Spec) -> Identity | None:
    """The replica's process, if it runs now. A record that says nothing of a process is believed
    while a keeper keeps it; one of a process that has ended may be old, since on a full disk the
    next one could not be recorded. Then the process is looked for by its mark."""
    child = files.read_status().child
    if child and child.alive():
        return child
    if child is None and files.kept():
        return None
    lost = lost_family(spec.mark)
    return lost.leader if lost else None


def observed(files: ReplicaFiles) -> ObservedReplica | None:
    """None when the replica was not started, or stopped since. Raises: Damaged, OSError."""
    spec = files.read_spec()
    if spec is None:
        return None
    status, alive = files.read_status(), living(files, spec) is not None
    return ObservedReplica(
        replica=replica_of(spec),
        alive=alive,
        endpoint=Endpoint(spec.host, spec.port),
        restarts=status.restarts,
        note=_note(status, alive=alive, kept=files.kept()),
    )


def _note(status: Status, *, alive: bool, kept: bool) -> str:
    parts = []
    if status.exits:
        parts.append(f"{status.last_exit} {_times(status.exits)}{_next_try(status, kept=kept)}")
    if status.stop_by is not None:
        parts.append("is being stopped")
    if not kept:
        parts.append("its keeper is gone" + ("; it runs on, unattended" if alive else ""))
    if status.trouble:
        parts.append(status.trouble)
    return "; ".join(parts)


def _times(count: int) -> str:
    return _TIMES[count] if count < len(_TIMES) else f"{count} times"


def _next_try(status: Status, *, kept: bool) -> str:
    if status.next_try_at is None or not kept:
        return ""
    return f", next try in {max(0.0, status.next_try_at - time.time()):.0f} s"
