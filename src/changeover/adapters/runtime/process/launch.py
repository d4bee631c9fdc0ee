"""Starting a keeper that outlives whoever starts it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from changeover.adapters.runtime.process.files import ReplicaFiles
from changeover.execution.errors import ReplicaFailed, TargetUnreachable

_ANSWER_S = 30.0
_SCRIPT = Path(__file__).with_name("keep.py")


async def launch(files: ReplicaFiles, secrets: Mapping[str, str], locks: Sequence[int]) -> None:
    """Start a keeper; returns once the replica's process exists. The keeper inherits the open
    handles `locks` and so holds them from now on, without a gap; here they are closed. Secrets
    go through a pipe. Whoever cancels this waits until it is over, so that nothing is half-done.

    Raises: ReplicaFailed (there is no process, and why), TargetUnreachable, OSError.
    """
    work = asyncio.create_task(asyncio.to_thread(_launch_and_close, files, secrets, locks))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _launch_and_close(
    files: ReplicaFiles, secrets: Mapping[str, str], locks: Sequence[int]
) -> None:
    try:
        _launch(files, secrets, locks)
    finally:
        for handle in locks:
            os.close(handle)


def _launch(files: ReplicaFiles, secrets: Mapping[str, str], locks: Sequence[int]) -> None:
    if not os.path.exists(files.requests):
        os.mkfifo(files.requests, 0o600)
    argv = [sys.executable, "-S", "-E", "-s", "-P", "-X", "utf8", str(_SCRIPT), files.home]
    with open(files.keeper_log, "ab") as trouble:
        keeper = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=trouble,
            cwd="/",
            env={"PATH": os.defpath},
            start_new_session=True,
            pass_fds=locks,
        )
    answer = _ask(keeper, files, {"secrets": dict(secrets), "handles": list(locks)})
    if answer is None:
        raise TargetUnreachable(
            f"The keeper of {files.home} ended without an answer.", hint=f"see {files.keeper_log}"
        )
    if answer["error"]:
        raise ReplicaFailed(f"The replica in {files.home} cannot be started: {answer['error']}.")


def _ask(
    keeper: "subprocess.Popen[bytes]", files: ReplicaFiles, request: dict[str, object]
) -> dict[str, str] | None:
    try:
        answer, _ = keeper.communicate(json.dumps(request).encode(), timeout=_ANSWER_S)
    except subprocess.TimeoutExpired:
        with keeper:
            keeper.kill()
        raise TargetUnreachable(
            f"The keeper of {files.home} did not answer in {_ANSWER_S:g} s.",
            hint=f"see {files.keeper_log}",
        ) from None
    try:
        found = json.loads(answer)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
