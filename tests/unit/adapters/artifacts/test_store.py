import fcntl
import gzip
import io
import os
import shutil
import socket
import stat
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from changeover.adapters.artifacts.entries import File, Limits
from changeover.adapters.artifacts.readers.directory import read_directory
from changeover.adapters.artifacts.store import ArtifactStore
from changeover.adapters.artifacts.tree import remove_tree
from changeover.execution.errors import ArtifactError


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "store"
    if (tmp_path / "store").exists():
        remove_tree(tmp_path / "store")


@pytest.fixture
def store(root: Path) -> ArtifactStore:
    return ArtifactStore(root)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small service with a program, a folder, a link and an empty folder."""
    shop = tmp_path / "shop"
    (shop / "lib/empty").mkdir(parents=True)
    (shop / "run").write_text("#!/bin/sh\necho shop\n")
    (shop / "run").chmod(0o755)
    (shop / "lib/data.txt").write_text("apples")
    (shop / "lib/data.txt").chmod(0o640)
    (shop / "current").symlink_to("lib/data.txt")
    return shop


def left_behind(root: Path) -> list[str]:
    return sorted(p.name for p in root.iterdir() if p.name != ".lock") if root.exists() else []


def inodes(root: Path) -> dict[str, int]:
    return {str(p): p.lstat().st_ino for p in root.rglob("*")}


def write_zip(path: Path, shop: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in sorted(shop.rglob("*"), reverse=True):
            name = item.relative_to(shop).as_posix()
            if item.is_symlink():
                info = zipfile.ZipInfo(name)
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, os.readlink(item))
            else:
                archive.write(item, name)


def test_content_has_one_digest_however_it_is_packed(
    store: ArtifactStore, shop: Path, tmp_path: Path
) -> None:
    digest = store.ingest(shop)
    for suffix, mode in (
        (".tar", "w"),
        (".tgz", "w:gz"),
        (".tar.xz", "w:xz"),
        (".tar.bz2", "w:bz2"),
    ):
        packed = tmp_path / f"shop{suffix}"
        with tarfile.open(packed, mode) as tar:  # type: ignore[call-overload]
            tar.add(shop, arcname=".")
        assert store.ingest(packed) == digest
    write_zip(tmp_path / "shop.zip", shop)
    assert store.ingest(tmp_path / "shop.zip") == digest


def test_owner_times_and_other_mode_bits_do_not_change_the_digest(
    store: ArtifactStore, shop: Path
) -> None:
    digest = store.ingest(shop)
    os.utime(shop / "run", (1, 1))
    (shop / "lib/data.txt").chmod(0o666)
    assert store.ingest(shop) == digest


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: (shop / "lib/data.txt").write_text("pears!"),
        lambda shop: (shop / "lib/data.txt").chmod(0o755),
        lambda shop: (shop / "lib/data.txt").rename(shop / "lib/date.txt"),
        lambda shop: (shop / "lib/empty").rmdir(),
        lambda shop: (shop / "current").unlink(),
        lambda shop: (shop / "current").unlink() or (shop / "current").symlink_to("run"),
    ],
)
def test_any_change_of_content_changes_the_digest(
    store: ArtifactStore, shop: Path, change: Callable[[Path], object]
) -> None:
    before = store.ingest(shop)
    change(shop)
    assert store.ingest(shop) != before


def test_the_digest_can_be_repeated_with_standard_tools(store: ArtifactStore, shop: Path) -> None:
    shutil.rmtree(shop / "lib/empty")
    (shop / "current").unlink()
    script = r"""
    find . -type f | cut -c3- | LC_ALL=C sort | while IFS= read -r p; do
      t=f; [ -x "$p" ] && t=x; echo "$t $(sha256sum < "$p" | cut -c1-64) $p"; done | sha256sum
    """
    (shop / "lib/data.txt").chmod(0o644)
    said = subprocess.run(
        ["sh", "-c", script], cwd=shop, capture_output=True, check=True, text=True
    )
    assert store.ingest(shop) == f"sha256:{said.stdout.split()[0]}"


def test_the_store_has_what_was_shipped_and_nobody_may_write_to_it(
    store: ArtifactStore, shop: Path, root: Path
) -> None:
    path = store.path(store.ingest(shop))
    assert (path / "lib/data.txt").read_text() == "apples"
    assert (path / "current").read_text() == "apples"
    assert (path / "lib/empty").is_dir()
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (path, *path.rglob("*"))}
    assert modes["run"] == 0o555
    assert modes["data.txt"] == 0o444
    assert modes["lib"] == modes[path.name] == 0o555
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_an_edit_of_the_source_does_not_reach_the_store(store: ArtifactStore, shop: Path) -> None:
    digest = store.ingest(shop)
    with (shop / "lib/data.txt").open("r+") as edited:
        edited.write("PEARS!")
    store.verify(digest)
    assert (store.path(digest) / "lib/data.txt").read_text() == "apples"


def test_the_same_content_again_writes_nothing(
    store: ArtifactStore, shop: Path, root: Path
) -> None:
    store.ingest(shop)
    before = inodes(root)
    store.ingest(shop)
    assert inodes(root) == before


@pytest.mark.parametrize(
    ("name", "executable"),
    [("shop-1.0-py3-none-any.whl", False), ("shop.jar", False), ("shop", True), ("shop.pyz", True)],
)
def test_a_single_file_is_stored_as_it_is(
    store: ArtifactStore, tmp_path: Path, name: str, executable: bool
) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 anything")
    path = store.path(store.ingest(tmp_path / name))
    assert [p.name for p in path.iterdir()] == [name]
    assert os.access(path / name, os.X_OK) == executable


def test_a_link_to_a_single_file_is_that_file(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "shop-1.2.jar").write_bytes(b"jar")
    (tmp_path / "shop.jar").symlink_to("shop-1.2.jar")
    path = store.path(store.ingest(tmp_path / "shop.jar"))
    assert (path / "shop.jar").read_bytes() == b"jar"
    assert not (path / "shop.jar").is_symlink()


def test_setuid_bits_are_dropped(store: ArtifactStore, shop: Path) -> None:
    (shop / "run").chmod(0o6755)
    path = store.path(store.ingest(shop))
    assert stat.S_IMODE((path / "run").stat().st_mode) == 0o555


def test_version_control_data_is_not_shipped(store: ArtifactStore, shop: Path) -> None:
    digest = store.ingest(shop)
    (shop / ".git").mkdir()
    (shop / ".git/HEAD").write_text("ref: refs/heads/main")
    assert store.ingest(shop) == digest


def test_many_at_a_time_agree_and_leave_one_copy(root: Path, shop: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: ArtifactStore(root).ingest(shop), range(16)))
    assert len(digests) == 1
    digest = digests.pop()
    ArtifactStore(root).verify(digest)
    name = digest.removeprefix("sha256:")
    assert left_behind(root) == [name, f"{name}.list"]


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    mode = "w:gz" if path.name.endswith("gz") else "w"
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b"evil" if kind == tarfile.REGTYPE else b""


OK = member("ok")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([member("/abs")], "absolute path"),
        ([member("../up")], "leads out"),
        ([member("a/../../up")], "leads out"),
        ([member("a", tarfile.SYMTYPE, "/etc")], "leads out"),
        ([member("a", tarfile.SYMTYPE, "../..")], "leads out"),
        ([member("a", tarfile.SYMTYPE, "b"), member("b", tarfile.SYMTYPE, "..")], "leads out"),
        ([member("a", tarfile.SYMTYPE, "d"), member("a/x")], "through the link 'a'"),
        ([member("a", tarfile.SYMTYPE, "d"), member("a")], "twice"),
        ([member("a", tarfile.LNKTYPE, "/etc/passwd")], "absolute path"),
        ([member("a", tarfile.LNKTYPE, "../up")], "leads out"),
        ([member("a", tarfile.LNKTYPE, "missing")], "no file before it"),
        ([member("l", tarfile.SYMTYPE, "ok"), member("a", tarfile.LNKTYPE, "l")], "no file before"),
        ([member("dev", tarfile.CHRTYPE)], "device"),
        ([member("dev", tarfile.BLKTYPE)], "device"),
        ([member("pipe", tarfile.FIFOTYPE)], "pipe"),
        ([member("odd", b"Z")], "kind unknown"),
        ([member("A"), member("a")], "only in case"),
        ([member("ok")], "twice"),
        ([member("a\x1b[2J")], "control characters"),
    ],
)
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_an_unsafe_tar_is_refused_by_the_entrys_name_and_nothing_stays(
    store: ArtifactStore,
    root: Path,
    tmp_path: Path,
    suffix: str,
    members: list[tuple[tarfile.TarInfo, bytes]],
    why: str,
) -> None:
    packed = tar_of(tmp_path / f"evil{suffix}", OK, *members)
    with pytest.raises(ArtifactError, match=why):
        store.ingest(packed)
    assert left_behind(root) == []
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize(
    ("name", "mode", "why"),
    [
        ("/abs", 0, "absolute path"),
        ("../up", 0, "leads out"),
        ("..\\up", 0, "backslash"),
        ("a", stat.S_IFLNK, "leads out"),
        ("pipe", stat.S_IFIFO, "pipe"),
        ("dev", stat.S_IFCHR, "device"),
        ("OK", 0, "only in case"),
        ("a\x00b", 0, "control characters"),
    ],
)
def test_an_unsafe_zip_is_refused_by_the_entrys_name_and_nothing_stays(
    store: ArtifactStore, root: Path, tmp_path: Path, name: str, mode: int, why: str
) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("ok", "fine")
        info = zipfile.ZipInfo("x")
        info.filename, info.external_attr = name, (mode | 0o644) << 16
        archive.writestr(info, "../../etc")
    with pytest.raises(ArtifactError, match=why):
        store.ingest(tmp_path / "evil.zip")
    assert left_behind(root) == []


def test_a_hard_link_in_a_tar_becomes_a_file_of_its_own(
    store: ArtifactStore, tmp_path: Path
) -> None:
    packed = tar_of(tmp_path / "a.tar", OK, member("again", tarfile.LNKTYPE, "ok"))
    path = store.path(store.ingest(packed))
    assert (path / "again").read_bytes() == b"evil"
    assert (path / "again").stat().st_nlink == 1


def test_a_bomb_is_refused_before_it_fills_the_disk(root: Path, tmp_path: Path) -> None:
    small = ArtifactStore(root, limits=Limits(total_bytes=1_000_000, entries=10))
    info = tarfile.TarInfo("zeros")
    tar_of(tmp_path / "bomb.tar.gz", (info, bytes(2_000_000)))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(2_000_000))
    many = [member(f"f{n}") for n in range(11)]
    tar_of(tmp_path / "many.tar.gz", *many)
    link = member("again", tarfile.LNKTYPE, "half")
    tar_of(tmp_path / "linked.tar", (tarfile.TarInfo("half"), bytes(600_000)), link)
    for name, why in (
        ("bomb.tar.gz", "more than 1.0 MB"),
        ("bomb.zip", "more than 1.0 MB"),
        ("many.tar.gz", "more than 10 entries"),
        ("linked.tar", "more than 1.0 MB"),
    ):
        with pytest.raises(ArtifactError, match=why):
            small.ingest(tmp_path / name)
    assert left_behind(root) == []


def test_a_small_archive_never_takes_the_space_that_services_need(
    root: Path, tmp_path: Path
) -> None:
    """Its size when unpacked is not known before."""
    capacity = 18_000_000

    def free(_: Path) -> int:
        return capacity - sum(p.lstat().st_size for p in root.rglob("*") if p.is_file())

    info = tarfile.TarInfo("zeros")
    tar_of(tmp_path / "bomb.tar.gz", (info, bytes(4_000_000)))
    with pytest.raises(ArtifactError, match=r"not enough space in .* of which 17 MB stay so"):
        ArtifactStore(root, free_bytes=free).ingest(tmp_path / "bomb.tar.gz")
    assert left_behind(root) == []


@pytest.mark.parametrize(
    "entry",
    [
        ("a/" * 200_000 + "a", "ok"),
        ("a" * 900_000, "ok"),
        ("a/" * 500 + "a", "ok"),
        ("link", "a/" * 400_000),
    ],
    ids=["many folders", "a long name", "too deep to be removed again", "a long target"],
)
def test_a_name_cannot_fill_the_memory(
    store: ArtifactStore, root: Path, tmp_path: Path, entry: tuple[str, str]
) -> None:
    name, target = entry
    packed = tar_of(tmp_path / "a.tar.gz", member(name, tarfile.SYMTYPE, target), OK)
    with pytest.raises(ArtifactError, match=r"longer than|deeper than") as refused:
        store.ingest(packed)
    assert len(str(refused.value)) < 1000
    assert left_behind(root) == []


def test_folders_that_only_names_speak_of_count_as_entries(root: Path, tmp_path: Path) -> None:
    small = ArtifactStore(root, limits=Limits(entries=100))
    deep = [member(f"{n}/" + "a/" * 90 + "a") for n in range(3)]
    with pytest.raises(ArtifactError, match="more than 100 entries"):
        small.ingest(tar_of(tmp_path / "a.tar", *deep))
    assert left_behind(root) == []


def test_a_zip_that_lies_about_its_size_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "lie.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100_000))
    raw = (tmp_path / "lie.zip").read_bytes()
    honest = (100_000).to_bytes(4, "little")
    (tmp_path / "lie.zip").write_bytes(raw.replace(honest, (10).to_bytes(4, "little")))
    with pytest.raises(ArtifactError, match="broken or cut off"):
        store.ingest(tmp_path / "lie.zip")


def test_a_tar_header_cannot_fill_the_memory(store: ArtifactStore, tmp_path: Path) -> None:
    info = tarfile.TarInfo("long")
    info.type = tarfile.GNUTYPE_LONGNAME
    tar_of(tmp_path / "a.tar.gz", (info, bytes(5_000_000)), OK)
    with pytest.raises(ArtifactError, match=r"a header of 5\.0 MB"):
        store.ingest(tmp_path / "a.tar.gz")


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz", ".tar.bz2", ".zip"])
def test_an_archive_cut_off_anywhere_is_noticed(
    store: ArtifactStore, root: Path, shop: Path, tmp_path: Path, suffix: str
) -> None:
    (shop / "noise").write_bytes(os.urandom(3000))
    packed = tmp_path / f"shop{suffix}"
    if suffix == ".zip":
        write_zip(packed, shop)
    else:
        with tarfile.open(packed, f"w:{suffix[5:]}") as tar:
            tar.add(shop, arcname=".")
    whole = packed.read_bytes()
    end = len(whole.rstrip(b"\0")) if suffix == ".tar" else len(whole)
    for length in (0, 1, 100, 512, 1024, end // 2, end - 600, end - 1):
        packed.write_bytes(whole[:length])
        with pytest.raises(ArtifactError, match="broken or cut off"):
            store.ingest(packed)
    assert left_behind(root) == []


def test_a_damaged_header_is_not_taken_for_the_end(store: ArtifactStore, tmp_path: Path) -> None:
    packed = tar_of(tmp_path / "a.tar", OK, member("second"), member("third"))
    raw = bytearray(packed.read_bytes())
    raw[1024 + 148] ^= 0xFF  # the check sum of the second header
    packed.write_bytes(raw)
    with pytest.raises(ArtifactError, match="broken or cut off"):
        store.ingest(packed)


def test_a_damaged_check_sum_at_the_very_end_is_noticed(
    store: ArtifactStore, tmp_path: Path
) -> None:
    packed = tmp_path / "a.tar.gz"
    tar_of(tmp_path / "a.tar", OK)
    raw = bytearray(gzip.compress((tmp_path / "a.tar").read_bytes()))
    raw[-8] ^= 0xFF
    packed.write_bytes(raw)
    with pytest.raises(ArtifactError, match="broken or cut off"):
        store.ingest(packed)


def test_what_is_no_archive_or_needs_a_password_is_refused(
    store: ArtifactStore, tmp_path: Path
) -> None:
    for name in ("a.zip", "a.tar", "a.tgz", "a.tar.xz", "a.tar.bz2"):
        (tmp_path / name).write_text("<html>404 not found</html>" * 50)
        with pytest.raises(ArtifactError, match="broken or cut off"):
            store.ingest(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a", "b")
    raw = bytearray((tmp_path / "b.zip").read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "b.zip").write_bytes(raw)
    with pytest.raises(ArtifactError, match="encrypted"):
        store.ingest(tmp_path / "b.zip")
    (tmp_path / "c.tar.zst").write_bytes(b"x")
    with pytest.raises(ArtifactError, match=r"(?s)not read.*hint: ship a directory, .tar"):
        store.ingest(tmp_path / "c.tar.zst")


def test_a_missing_or_empty_source_says_what_to_do(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"(?s)does not exist\nhint: build it first"):
        store.ingest(tmp_path / "dist")
    (tmp_path / "dist/sub").mkdir(parents=True)
    with pytest.raises(ArtifactError, match=r"(?s)no file in it\nhint: build the artifact first"):
        store.ingest(tmp_path / "dist")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArtifactError, match="is no file or directory"):
        store.ingest(tmp_path / "pipe")


def test_what_cannot_be_shipped_from_a_directory_is_refused_by_name(
    store: ArtifactStore, root: Path, shop: Path
) -> None:
    os.mkfifo(shop / "pipe")
    with pytest.raises(ArtifactError, match="'pipe' is a socket, pipe or device"):
        store.ingest(shop)
    (shop / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(shop / "s"))
        with pytest.raises(ArtifactError, match="'s' is a socket, pipe or device"):
            store.ingest(shop)
    (shop / "s").unlink()
    (shop / "out").symlink_to("../../secret")
    with pytest.raises(ArtifactError, match="'out' is a link that leads out"):
        store.ingest(shop)
    assert left_behind(root) == []


def test_an_unreadable_file_is_named(store: ArtifactStore, shop: Path) -> None:
    (shop / "lib/data.txt").chmod(0)
    if os.access(shop / "lib/data.txt", os.R_OK):
        pytest.skip("this user reads everything")
    with pytest.raises(ArtifactError, match=r"'lib/data.txt' cannot be read by this user"):
        store.ingest(shop)
    (shop / "lib").chmod(0)
    with pytest.raises(ArtifactError, match=r"'lib' cannot be read by this user"):
        store.ingest(shop)
    (shop / "lib").chmod(0o700)


def test_a_file_that_changes_while_it_is_read_is_noticed(shop: Path) -> None:
    (shop / "lib/data.txt").write_bytes(bytes(1000))
    entries = {entry.name: entry for entry in read_directory(shop, leave_out=())}
    reading = entries["lib/data.txt"]
    assert isinstance(reading, File)
    with reading.open() as content:
        content.read(500)
        with (shop / "lib/data.txt").open("ab") as log:
            log.write(b"one more line")
        with pytest.raises(ArtifactError, match=r"'lib/data.txt' changed while it was read"):
            list(iter(lambda: content.read(500), b""))
    (shop / "lib/data.txt").unlink()
    with pytest.raises(ArtifactError, match=r"'lib/data.txt' changed while it was read"):
        reading.open()


def test_a_store_inside_its_own_source_is_refused_unless_left_out(shop: Path) -> None:
    inside = shop / ".state/artifacts"
    with pytest.raises(ArtifactError, match=r"the store of artifacts, .*, lies in it"):
        ArtifactStore(inside).ingest(shop)
    store = ArtifactStore(inside, leave_out=(".state",))
    assert store.ingest(shop) == store.ingest(shop)
    remove_tree(inside)


def test_a_full_disk_is_told_with_figures_before_anything_is_written(
    root: Path, shop: Path
) -> None:
    (shop / "big").write_bytes(bytes(3_000_000))
    store = ArtifactStore(root, free_bytes=lambda _: 18_000_000)
    with pytest.raises(ArtifactError, match=r"needs 3\.0 MB or more, 18 MB are free"):
        store.ingest(shop)
    assert left_behind(root) == []


def test_an_artifact_that_is_gone_says_to_deploy_again(store: ArtifactStore, shop: Path) -> None:
    with pytest.raises(ArtifactError, match=r"(?s)not in .* any more\nhint: deploy that version"):
        store.path("sha256:" + "0" * 64)
    for digest in ("sha256:../../etc", "", "sha256:" + "A" * 64, "md5:" + "0" * 32):
        with pytest.raises(ArtifactError, match="is no artifact digest"):
            store.path(digest)


def test_a_tampered_copy_is_noticed_named_and_replaced_by_the_next_ingest(
    store: ArtifactStore, shop: Path
) -> None:
    digest = store.ingest(shop)
    path = store.path(digest)
    for folder in (path, path / "lib"):
        folder.chmod(0o755)
    (path / "run").chmod(0o755)
    (path / "run").write_text("evil")
    (path / "lib/new.pyc").write_text("evil")
    (path / "current").unlink()
    with pytest.raises(ArtifactError) as altered:
        store.verify(digest)
    for words in ("'current' was removed", "'lib/new.pyc' was added", "'run' was changed"):
        assert words in altered.value.message
    assert store.ingest(shop) == digest
    store.verify(digest)


def test_a_copy_with_a_socket_in_it_is_altered_and_replaced(
    store: ArtifactStore, shop: Path
) -> None:
    digest = store.ingest(shop)
    path = store.path(digest)
    path.chmod(0o755)
    os.mkfifo(path / "control")
    with pytest.raises(ArtifactError, match=r"(?s)altered after it was stored.*control.*hint: "):
        store.verify(digest)
    assert store.ingest(shop) == digest
    store.verify(digest)


def test_a_name_with_a_line_end_cannot_forge_a_listing(
    store: ArtifactStore, tmp_path: Path
) -> None:
    source = tmp_path / "two"
    source.mkdir()
    (source / "a").write_text("a")
    (source / "b").write_text("b")
    digest = store.ingest(source)
    path = store.path(digest)
    lines = (path.parent / f"{path.name}.list").read_text().splitlines()
    path.chmod(0o755)
    (path / "b").unlink()
    (path / "a").unlink()
    (path / "x").mkdir()
    (path / f"a\n{lines[1].rpartition(' ')[0]} b").write_text("a")
    (path / "x").rmdir()
    with pytest.raises(ArtifactError, match="line end in its name"):
        store.verify(digest)


def test_prune_removes_the_others_and_never_one_to_keep(
    store: ArtifactStore, root: Path, shop: Path
) -> None:
    old = store.ingest(shop)
    (shop / "run").write_text("v2")
    new = store.ingest(shop)
    assert store.prune({new}, min_age_s=-1) == (old,)
    store.verify(new)
    with pytest.raises(ArtifactError, match="any more"):
        store.path(old)
    name = new.removeprefix("sha256:")
    assert left_behind(root) == [name, f"{name}.list"]


def test_prune_leaves_what_was_just_asked_for(store: ArtifactStore, root: Path, shop: Path) -> None:
    digest = store.ingest(shop)
    past = time.time() - 7200
    everything = [path for path in root.iterdir() if path.name != ".lock"]
    assert len(everything) == 2
    for path in everything:
        os.utime(path, (past, past))
    store.ingest(shop)
    assert store.prune(set()) == ()
    store.verify(digest)
    assert set(everything) <= set(root.iterdir())
    for path in everything:
        os.utime(path, (past, past))
    assert store.prune(set()) == (digest,)


def test_prune_removes_what_dead_processes_left_and_nothing_of_living_ones(
    store: ArtifactStore, root: Path, shop: Path
) -> None:
    digest = store.ingest(shop)
    for name in (".trash-1", ".incoming-dead", ".incoming-alive"):
        (root / name / "tree").mkdir(parents=True)
        (root / name / "tree/file").write_text("half")
        (root / name / "alive").touch()
    with (root / ".incoming-alive/alive").open("rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        store.prune({digest}, min_age_s=-1)
        name = digest.removeprefix("sha256:")
        assert left_behind(root) == [".incoming-alive", name, f"{name}.list"]
    store.prune({digest}, min_age_s=-1)
    assert left_behind(root) == [name, f"{name}.list"]


def test_prunes_at_the_same_time_as_each_other_and_as_ingests_all_succeed(
    root: Path, shop: Path, tmp_path: Path
) -> None:
    """Each may find that the other has removed what it was about to remove."""
    for number in range(50):
        (shop / f"lib/{number}").write_text("pears")
    sources = [tmp_path / f"shop-{number}" for number in range(6)]
    for source in sources:
        shutil.copytree(shop, source, symlinks=True)
        (source / "name").write_text(source.name)

    def work(number: int) -> None:
        store = ArtifactStore(root)
        for _ in range(5):
            if number % 2:
                store.ingest(sources[number])
            store.prune(set(), min_age_s=-1)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    ArtifactStore(root).prune(set(), min_age_s=-1)
    assert left_behind(root) == []


def test_pruning_a_store_that_was_never_used_does_nothing(store: ArtifactStore, root: Path) -> None:
    assert store.prune(set()) == ()
    assert not root.exists()


def test_an_altered_copy_stays_for_what_runs_from_it_until_its_digest_goes(
    store: ArtifactStore, root: Path, shop: Path
) -> None:
    digest = store.ingest(shop)
    (store.path(digest) / "run").chmod(0o755)
    (store.path(digest) / "run").write_text("evil")
    store.ingest(shop)
    store.prune({digest}, min_age_s=-1)
    assert [n for n in left_behind(root) if n.startswith(".altered-")]
    store.prune(set(), min_age_s=-1)
    assert left_behind(root) == []
