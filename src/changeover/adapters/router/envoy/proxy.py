"""What `changeover proxy` does: start, stop, status, upgrade, logs."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from changeover.adapters.router.envoy.client import AgentClient, AgentSilent
from changeover.adapters.router.envoy.places import Places, make_directories, places
from changeover.execution.errors import RouterUnreachable

if TYPE_CHECKING:
    from changeover.adapters.router.envoy.agent.settings import Settings

_START_S = 30.0
_STOP_S = 300.0
_END_S = 30.0
_AGENT = "changeover.adapters.router.envoy.agent"
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "CHANGEOVER_ENVOY")
_INHERITED_KINDS = ("LC_", "LD_", "DYLD_", "PYTHON")


class LocalAgent(AgentClient):
    """The agent on this machine: when it is silent, the error says whether Envoy serves."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(places(state_dir).api)
        self._where = places(state_dir)

    async def ask(self, op: str, *, takes_s: float = 0.0, **arguments: Any) -> dict[str, Any]:
        """See `AgentClient.ask`."""
        try:
            return await super().ask(op, takes_s=takes_s, **arguments)
        except AgentSilent as problem:
            raise _explained(self._where, problem) from problem


def agent_of(state_dir: Path) -> AgentClient:
    """A client for the proxy of a state directory, whether it runs or not."""
    return LocalAgent(state_dir)


class KeptAgent(LocalAgent):
    """The agent as a run needs it: one that died is started again, and adopts its Envoy."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self._state_dir = state_dir

    async def ask(self, op: str, *, takes_s: float = 0.0, **arguments: Any) -> dict[str, Any]:
        """See `AgentClient.ask`; asks twice, for what is asked may always be repeated."""
        try:
            return await super().ask(op, takes_s=takes_s, **arguments)
        except AgentSilent:
            await start_agent(self._state_dir)
            return await super().ask(op, takes_s=takes_s, **arguments)


async def start_agent(state_dir: Path, settings: "Settings | None" = None) -> dict[str, Any]:
    """Start the agent, and with it Envoy, unless it runs; an Envoy that runs without an agent is
    adopted. Both outlive the caller. Returns its status once it answers. `settings` hold from
    the next start of each process.

    Raises: RouterUnreachable, UsageError.
    """
    try:
        return await AgentClient(places(state_dir).api).ask("status")
    except AgentSilent:
        return await _start(state_dir, settings)


async def stop(state_dir: Path) -> bool:
    """End Envoy and the agent. Its ports are closed at once; requests in flight get
    `Settings.drain_time_s` seconds. The routes are kept for the next start. Returns whether
    anything ran.

    Raises: RouterUnreachable when Envoy runs without an agent, or somebody starts it again.
    """
    where = places(state_dir)
    try:
        await agent_of(state_dir).ask("shutdown", takes_s=_STOP_S)
    except AgentSilent:
        if _running(where):
            raise
        return False
    try:
        async with asyncio.timeout(_END_S):
            while where.api.exists() or _locked(where):  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise RouterUnreachable(
            "The proxy was stopped, but its agent runs: somebody has started it again.",
            hint="`changeover proxy status`; a deployment under way starts what it needs",
        ) from None
    return True


async def status(state_dir: Path) -> dict[str, Any]:
    """Processes, memory, connections, services with their routes; see `agent/status.py`.

    Raises: RouterUnreachable; it says whether Envoy serves all the same.
    """
    return await agent_of(state_dir).ask("status")


async def upgrade(state_dir: Path) -> dict[str, Any]:
    """Replace Envoy by the installed one without closing a port. Returns once the new one takes
    all new connections: {"pid", "epoch"}. Requests and websockets on the old one go on until they
    end, at most `Settings.parent_shutdown_s` seconds; then they are closed.

    Raises: RouterUnreachable; the old Envoy serves on.
    """
    return await agent_of(state_dir).ask("upgrade", takes_s=60.0)


async def logs(
    state_dir: Path, *, of: Literal["agent", "envoy"], follow: bool = False, lines: int = 100
) -> AsyncIterator[str]:
    """The last `lines` lines of the agent's or Envoy's log, then, when following, new ones."""
    where = places(state_dir)
    path = where.agent_log if of == "agent" else where.envoy_log
    found, place = _appended(path, 0)
    for line in found[max(0, len(found) - lines) :]:
        yield line
    while follow:
        await asyncio.sleep(0.2)
        found, place = _appended(path, place)
        for line in found:
            yield line


def _appended(path: Path, place: int) -> tuple[list[str], int]:
    """The whole lines of a log after `place`, and the place after them. A log that was set aside
    is read from its start."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            place = 0 if size < place else place
            file.seek(place)
            text = file.read()
    except FileNotFoundError:
        return [], 0
    whole = text[: text.rfind(b"\n") + 1]
    return whole.decode(errors="replace").splitlines(), place + len(whole)


def _explained(where: Places, problem: AgentSilent) -> AgentSilent:
    """The same error with what serves now: Envoy goes on when only its agent is gone."""
    if not _running(where):
        return AgentSilent(
            "no proxy runs here, neither Envoy nor its agent",
            serving="its ports are closed",
            hint="`changeover proxy start` starts it with the routes it had; so does "
            "`changeover deploy`",
        )
    return AgentSilent(
        problem.message,
        users="no request failed because of this",
        serving="Envoy serves the last routes",
        hint=problem.hint,
    )


def _running(where: Places) -> bool:
    from changeover.adapters.router.envoy.processes import find_envoys

    return bool(find_envoys(where))


async def _start(state_dir: Path, settings: "Settings | None") -> dict[str, Any]:
    from changeover.adapters.router.envoy.agent.settings import (
        ALREADY_RUNNING,
        Settings,
        to_arguments,
    )
    from changeover.adapters.router.envoy.binary import envoy_binary

    envoy_binary()  # said here, not in a log, when it is missing
    where = places(state_dir)
    agent = AgentClient(where.api)
    make_directories(where)
    state = where.files.parent  # whole: the agent's working directory is not ours
    command = [sys.executable, "-m", _AGENT, *to_arguments(state, settings or Settings())]
    output = where.files / "agent.err"
    child = _detached(command, output)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            found = await agent.ask("status")
        except AgentSilent:
            code = child.poll()
            if code is not None and code != ALREADY_RUNNING:
                raise _not_started(output.read_text(errors="replace")) from None
            await asyncio.sleep(0.02)
        else:
            _leave_alone(child)
            return found
    raise _not_started(f"it did not answer within {_START_S:g} s")


def _detached(command: list[str], output: Path) -> "subprocess.Popen[bytes]":
    with output.open("wb") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            cwd="/",
            env=_surroundings(),
        )


def _surroundings() -> dict[str, str]:
    """What of our environment the agent needs, with its code found where ours is. Nothing else:
    it lives for months, and a deployer's environment holds tokens."""
    here = str(Path(__file__).parents[4])
    paths = (here, os.environ.get("PYTHONPATH", ""))
    needed = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or name.startswith(_INHERITED_KINDS)
    }
    return {**needed, "PYTHONPATH": os.pathsep.join(p for p in paths if p)}


def _leave_alone(child: "subprocess.Popen[bytes]") -> None:
    """The agent outlives this process on purpose: no warning about it."""
    child.returncode = child.poll() or 0


def _not_started(why: str) -> RouterUnreachable:
    return RouterUnreachable(
        f"The proxy's agent did not start: {why.strip()[-1000:]}",
        hint="`changeover proxy logs`",
    )


def _locked(where: Places) -> bool:
    """Whether an agent lives."""
    import fcntl

    try:
        with where.lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
