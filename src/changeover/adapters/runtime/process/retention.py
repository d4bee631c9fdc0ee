"""Forgetting replicas that were stopped long ago."""

import contextlib
import os
import shutil

from changeover.adapters.runtime.process.files import ReplicaFiles
from changeover.adapters.runtime.process.layout import Layout
from changeover.adapters.runtime.process.locks import closing, try_lock
from changeover.domain.service import ServiceId

_DOOMED = ".doomed"


def forget_stopped(layout: Layout, service: ServiceId, *, keep: int) -> None:
    """Delete the directories, and so the logs, of all stopped replicas but the last `keep`. One
    that cannot be deleted now stays until the next time: that is no trouble of who stops another.
    """
    stopped = [files for files in layout.replicas(service) if not files.started()]
    for files in sorted(stopped, key=_stopped_at, reverse=True)[keep:]:
        with contextlib.suppress(OSError):
            _forget(files)


def _forget(files: ReplicaFiles) -> None:
    handle = try_lock(files.lock)
    if handle is None:
        return
    with closing(handle):
        # Under the lock: it may have been started again since we looked.
        if not files.started():
            _delete(files.home)


def _delete(home: str) -> None:
    """Out of the way first, as a whole: a start that comes now finds no directory half deleted.
    What a deletion that was interrupted has left of an earlier life goes first."""
    doomed = f"{home.removesuffix(_DOOMED)}{_DOOMED}"
    if home != doomed:
        shutil.rmtree(doomed, ignore_errors=True)
        os.rename(home, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _stopped_at(files: ReplicaFiles) -> float:
    try:
        return os.stat(files.stopped).st_mtime
    except OSError:
        return 0.0
