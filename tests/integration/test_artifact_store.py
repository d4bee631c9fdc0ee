"""The store against a disk that is really full, and processes that really die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.adapters.artifacts.store import ArtifactStore
from changeover.adapters.artifacts.tree import remove_tree

INGEST = """
import sys
from pathlib import Path
from changeover.adapters.artifacts.store import ArtifactStore
from changeover.execution.errors import ArtifactError
try:
    print(ArtifactStore(Path(sys.argv[1])).ingest(Path(sys.argv[2])))
except ArtifactError as error:
    sys.exit(str(error))
"""
FULL = """
import sys
from pathlib import Path
from changeover.adapters.artifacts.store import ArtifactStore
from changeover.execution.errors import ArtifactError
store = ArtifactStore(Path(sys.argv[1]) / "store", free_bytes=lambda _: 10**12)
try:
    store.ingest(Path(sys.argv[2]))
except ArtifactError as error:
    print(error)
print(sorted(p.name for p in (Path(sys.argv[1]) / "store").iterdir()))
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "store"
    if (tmp_path / "store").exists():
        remove_tree(tmp_path / "store")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    (tmp_path / "large").mkdir()
    for number in range(400):
        (tmp_path / f"large/{number}").write_bytes(os.urandom(20_000))
    return tmp_path / "large"


def started(root: Path, source: Path) -> subprocess.Popen[str]:
    command = (sys.executable, "-c", INGEST, str(root), str(source))
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(tmp_path: Path, large: Path) -> None:
    mount = f"mount -t tmpfs -o size=4m none {tmp_path}/disk"
    inside = f'{mount} && exec "$@"'
    (tmp_path / "disk").mkdir()
    try:
        subprocess.run(("unshare", "-rm", "sh", "-c", mount), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs Linux with user namespaces, to mount a small disk")
    script = (sys.executable, "-c", FULL, str(tmp_path / "disk"), str(large))
    done = subprocess.run(
        ("unshare", "-rm", "sh", "-c", inside, "sh", *script),
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    said, *_, left = done.stdout.splitlines()
    assert "not enough space" in said
    assert "needs 8.0 MB or more" in said
    assert left == "['.lock']"


@pytest.mark.slow
def test_processes_that_ingest_the_same_at_once_agree(root: Path, large: Path) -> None:
    processes = [started(root, large) for _ in range(4)]
    digests = {process.communicate(timeout=120)[0].strip() for process in processes}
    assert len(digests) == 1
    digest = digests.pop()
    ArtifactStore(root).verify(digest)
    assert len([p for p in root.iterdir() if not p.name.startswith(".")]) == 2


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_artifact_or_trash(root: Path, large: Path) -> None:
    store = ArtifactStore(root)
    reference = ArtifactStore(root.parent / "reference")
    digest = reference.ingest(large)
    remove_tree(root.parent / "reference")
    for delay_s in (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
        process = started(root, large)
        while not root.exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if (root / digest.removeprefix("sha256:")).exists():
            store.verify(digest)
        store.prune(set(), min_age_s=-1)
        assert [p.name for p in root.iterdir() if p.name != ".lock"] == []
        remove_tree(root)
    assert store.ingest(large) == digest
