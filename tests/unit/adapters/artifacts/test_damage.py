"""Archives with random damage: an ArtifactError or an artifact, never anything else."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.adapters.artifacts.entries import Limits
from changeover.adapters.artifacts.store import ArtifactStore
from changeover.adapters.artifacts.tree import remove_tree
from changeover.execution.errors import ArtifactError


def a_tar(mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for name in ("run", "a/" + "long" * 40, "lib/é.txt"):
            info = tarfile.TarInfo(name)
            info.size = 700
            tar.addfile(info, io.BytesIO(name.encode()[:1] * 700))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "lib/é.txt"
        tar.addfile(link)
    return out.getvalue()


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("run", "lib/é.txt"):
            archive.writestr(name, name * 300)
    return out.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    ".tar": lambda: a_tar("w"),
    ".tar.gz": lambda: a_tar("w:gz"),
    ".tar.xz": lambda: a_tar("w:xz"),
    ".tar.bz2": lambda: a_tar("w:bz2"),
    ".zip": a_zip,
}

_damage = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
)


@pytest.mark.parametrize("suffix", ARCHIVES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(damage=_damage, cut=st.floats(0.5, 1.5))
def test_random_damage_is_an_artifact_error_or_harmless(
    tmp_path: Path, suffix: str, damage: list[tuple[float, int]], cut: float
) -> None:
    raw = bytearray(ARCHIVES[suffix]())
    for place, value in damage:
        raw[int(place * len(raw))] = value
    packed = tmp_path / f"a{suffix}"
    packed.write_bytes(raw[: int(len(raw) * cut)])
    root = tmp_path / "store"
    store = ArtifactStore(root, limits=Limits(entries=100, total_bytes=1_000_000))
    try:
        store.verify(store.ingest(packed))
        remove_tree(root)
    except ArtifactError:
        assert {p.name for p in root.glob("*")} <= {".lock"}
    assert {p.name for p in tmp_path.iterdir()} <= {packed.name, "store"}
