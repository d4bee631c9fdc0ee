"""Brings what must survive a power cut to the disk."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_THREADS = 8  # a disk writes several waiting files in one go


def settle(tree: Path) -> None:
    """Make the folders beneath `tree` read-only and bring everything to the disk. Raises OSError.

    `tree` itself stays writable: it could not be moved otherwise.
    """
    files: list[str] = []
    folders: list[str] = [str(tree)]
    for folder, below, names in os.walk(tree):
        files += [path for name in names if not os.path.islink(path := os.path.join(folder, name))]
        folders += [p for name in below if not os.path.islink(p := os.path.join(folder, name))]
    for folder in folders[1:]:
        os.chmod(folder, 0o555)
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(sync, files):
            pass
    for folder in folders:
        sync(folder)


def sync(path: str | Path) -> None:
    """Bring one file or folder to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
