"""Runs a command in a process group of its own, and leaves none of it behind."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KEPT_BYTES = 64 * 1024
_READ_BYTES = 64 * 1024
_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    code:   exit code, or minus the signal that ended it; None when it ran out of time.
    output: the last 64 kB of what it wrote to stdout and stderr.
    """

    code: int | None
    output: bytes


async def run_in_group(
    command: Sequence[str], *, environment: Mapping[str, str], cwd: Path | None, timeout_s: float
) -> Ended:
    """Run `command`, no shell between. When it runs out of time or this call is cancelled, its
    group gets SIGTERM, and SIGKILL once it has ended, or after 2 seconds. What it leaves behind
    in its group when it ends by itself gets SIGKILL at once.

    Raises OSError when it cannot be started.
    """
    reading, writing = os.pipe()
    try:
        # The pipe is ours and not asyncio's, or waiting for the command would also wait for
        # whatever else has inherited the pipe.
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=writing,
            stderr=writing,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    output = bytearray()
    tail = asyncio.create_task(_keep_tail(reading, output))
    try:
        code = await _code(process, timeout_s)
    finally:
        await _end(process)
        await _read_rest(tail)
    return Ended(code, bytes(output))


async def _code(process: Process, timeout_s: float) -> int | None:
    try:
        async with asyncio.timeout(timeout_s):
            return await process.wait()
    except TimeoutError:
        return None


async def _end(process: Process) -> None:
    """End the group. The group's number is still its own: one that has members is not given out
    again, and one without was left a moment ago."""
    try:
        if process.returncode is None:
            _signal(process, signal.SIGTERM)
            async with asyncio.timeout(_GRACE_S):
                await process.wait()
    except TimeoutError:
        pass
    finally:
        _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


async def _keep_tail(reading: int, output: bytearray) -> None:
    """Read the pipe to its end; leave the last bytes in `output`."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        while chunk := await reader.read(_READ_BYTES):
            output += chunk
            del output[:-_KEPT_BYTES]
    finally:
        transport.close()


async def _read_rest(tail: asyncio.Task[None]) -> None:
    """What left the group may hold the pipe open: do not wait for that."""
    await asyncio.wait({tail}, timeout=_GRACE_S)
    tail.cancel()
    with suppress(asyncio.CancelledError):
        await tail
