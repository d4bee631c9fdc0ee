"""Replicas that were stopped long ago are forgotten, whatever an earlier deletion has left."""

import os
from pathlib import Path

from changeover.adapters.runtime.process.files import ReplicaFiles
from changeover.adapters.runtime.process.layout import Layout, make_private
from changeover.adapters.runtime.process.retention import forget_stopped
from changeover.domain.replica import ReplicaId
from changeover.domain.service import ServiceId

SHOP = ServiceId("test", "shop")


def stopped(layout: Layout, version: str, *, at: float) -> ReplicaFiles:
    """A replica that was stopped `at` seconds after the epoch."""
    files = layout.replica(ReplicaId(SHOP, version, 0))
    make_private(Path(files.home))
    for name in (files.stopped, files.log):
        Path(name).write_text("{}")
    os.utime(files.stopped, (at, at))
    return files


def left(layout: Layout) -> list[str]:
    return [os.path.basename(files.home) for files in layout.replicas(SHOP)]


def test_the_last_stopped_stay(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    for at, version in enumerate(("v3", "v1", "v2")):
        stopped(layout, version, at=at + 1)
    forget_stopped(layout, SHOP, keep=2)
    assert left(layout) == ["v1-0", "v2-0"]


def test_what_an_interrupted_deletion_left_is_in_nobodys_way(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    earlier = stopped(layout, "v1", at=1)
    os.rename(earlier.home, f"{earlier.home}.doomed")
    stopped(layout, "v1", at=2)
    forget_stopped(layout, SHOP, keep=0)
    assert left(layout) == []


def test_one_that_cannot_be_deleted_does_not_keep_the_others(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    blocked = stopped(layout, "v2", at=2)
    os.mkdir(blocked.lock)  # stands for any trouble with it
    stopped(layout, "v1", at=1)
    forget_stopped(layout, SHOP, keep=0)
    assert left(layout) == ["v2-0"]
