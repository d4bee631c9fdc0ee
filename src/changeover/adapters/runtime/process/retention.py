"""Forgetting replicas that were stopped long ago."""

import os
import shutil

from changeover.adapters.runtime.process.files import ReplicaFiles
from changeover.adapters.runtime.process.layout import Layout
from changeover.adapters.runtime.process.locks import closing, try_lock
from changeover.domain.service import ServiceId


def forget_stopped(layout: Layout, service: ServiceId, *, keep: int) -> None:
    """Delete the directories, and so the logs, of all stopped replicas but the last `keep`."""
    stopped = [files for files in layout.replicas(service) if not files.started()]
    for files in sorted(stopped, key=_stopped_at, reverse=True)[keep:]:
        handle = try_lock(files.lock)
        if handle is None:
            continue
        with closing(handle):
            # Under the lock: it may have been started again since we looked.
            if not files.started():
                _delete(files.home)


def _delete(home: str) -> None:
    """Out of the way first, as a whole: a start that comes now finds no directory half deleted."""
    doomed = f"{home}.doomed"
    os.rename(home, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _stopped_at(files: ReplicaFiles) -> float:
    try:
        return os.stat(files.stopped).st_mtime
    except OSError:
        return 0.0
