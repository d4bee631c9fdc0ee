"""What a state directory leaves on a machine, and how to end it the proper way."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from changeover.adapters.router.envoy import proxy
from changeover.adapters.router.envoy.places import places
from changeover.adapters.runtime.process.runtime import ProcessRuntime
from changeover.domain.service import ServiceId

ENDING_S = 10.0


def processes(directory: Path) -> list[psutil.Process]:
    """Every process that belongs to `directory`, known by what it was started with."""
    return [one for one in psutil.process_iter() if belongs(one, str(directory))]


def clear(directory: Path, state: Path) -> None:
    """End every replica and proxy of `state` the proper way, which leaves nothing that belongs to
    `directory`: no process, no shared memory, no socket.

    Raises: AssertionError with what was left; it is gone then too.
    """
    memory = shared_memory(processes(directory))
    try:
        stop_everything(state)
    finally:
        left = [*_killed(processes(directory)), *_unlinked(memory)]
    sockets = socket_directory(state)
    left += [str(path) for path in sockets.iterdir()] if sockets.exists() else []
    assert not left, f"left behind: {left}"


def _killed(processes: Sequence[psutil.Process]) -> list[str]:
    """Kill those of these processes that do not end by themselves, as an agent does which has said
    that it is done; what they were."""
    _, left = psutil.wait_procs(processes, timeout=ENDING_S)
    said = [f"{one.pid} {words_of(one)}" for one in left]
    for one in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(left, timeout=ENDING_S)
    return said


def _unlinked(memory: set[tuple[str, int]]) -> list[str]:
    """Remove those of these files that are still there; their names."""
    left = [name for name, inode in memory if inode_of(name) == inode]
    for name in left:
        Path(name).unlink(missing_ok=True)
    return left


def stop_everything(state: Path) -> None:
    """Stop each replica and the proxy of `state`, by what is recorded about them."""

    async def stop() -> None:
        runtime = ProcessRuntime(
            state=state, artifacts=lambda _: state, secrets=lambda _: "", fence=10**9
        )
        for place in (state / "services").glob("*/*"):
            for seen in await runtime.observe(ServiceId(place.parent.name, place.name)):
                await runtime.stop(seen.replica, grace_s=2.0)
        await proxy.stop(state)

    asyncio.run(stop())


def shared_memory(processes: Sequence[psutil.Process]) -> set[tuple[str, int]]:
    """Files in /dev/shm that these processes have mapped, with their inodes."""
    names = set()
    for one in processes:
        try:
            maps = Path(f"/proc/{one.pid}/maps").read_text().splitlines()
        except OSError:
            continue
        names |= {line.split()[-1] for line in maps if "/dev/shm/envoy" in line}
    return {(name, inode) for name in names if (inode := inode_of(name))}


def inode_of(name: str) -> int:
    """0 when there is no such file."""
    try:
        return os.stat(name).st_ino
    except OSError:
        return 0


def socket_directory(state: Path) -> Path:
    """Where the proxy of `state` has its sockets."""
    return places(state).sockets


def belongs(process: psutil.Process, directory: str) -> bool:
    """Whether a process was started with, or in, something below `directory`."""
    try:
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        words = [*process.cmdline(), process.cwd(), process.environ().get("CHANGEOVER_STATE", "")]
    except psutil.Error:
        return False
    return any(word == directory or word.startswith(directory + "/") for word in words)


def words_of(process: psutil.Process) -> str:
    """Its command line."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return "(gone)"
