"""Replaces the running Envoy by hot restart: the new one takes over the open ports, the old one
finishes its connections and ends.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/operations/hot_restart
"""

import asyncio
import contextlib
import logging

from changeover.adapters.router.envoy.agent.admin import AdminError, ask
from changeover.adapters.router.envoy.agent.envoy import end, tail, write_bootstrap
from changeover.adapters.router.envoy.agent.supervisor import Supervisor
from changeover.adapters.router.envoy.binary import envoy_binary
from changeover.adapters.router.envoy.places import remove_file
from changeover.adapters.router.envoy.processes import EnvoyProcess, is_alive
from changeover.execution.errors import RouterUnreachable

_log = logging.getLogger(__name__)

_START_S = 30.0
_CHECK_S = 20.0


async def upgrade(supervisor: Supervisor) -> EnvoyProcess:
    """Start a new Envoy beside the running one and return once it has every route and takes the
    connections. The new one ends the old one after `parent_shutdown_s`, not before, even when
    nobody is connected to it any more: an Envoy that finds its predecessor gone aborts.

    Raises: RouterUnreachable; the old Envoy serves on then.
    """
    old = supervisor.current
    if old is None:
        raise _failed("no Envoy runs that could be replaced", "")
    if supervisor.leaving:
        raise _failed("an earlier upgrade still goes on", "try again when its Envoy has ended")
    await _check_program(supervisor, old)
    try:
        new = supervisor.launch(epoch=old.epoch + 1, base_id=old.base_id)
    except OSError as problem:
        raise _failed(str(problem), "") from problem
    try:
        await _ready(supervisor, new)
        if supervisor.current is not old:
            raise _failed("the Envoy before ended by itself meanwhile and was started again", "")
    except BaseException:
        await end(new)
        raise
    supervisor.replace(new)
    return new


async def _check_program(supervisor: Supervisor, old: EnvoyProcess) -> None:
    """Find out that the new program cannot follow the old one *before* it is started: once it
    starts, the old one has closed its admin interface for good."""
    program = str(envoy_binary())
    code, version = await _run(program, "--hot-restart-version")
    if code:
        raise _failed(f"{program} does not run: {version}", "")
    try:
        running = await ask(supervisor.where.admin(old.serial), "/hot_restart_version")
    except AdminError as problem:
        _log.warning("cannot compare hot restart versions: %s", problem)
        return
    if version != running.decode().strip():
        raise _failed(
            f"{program} (hot restart version {version}) cannot take over from the running "
            f"Envoy (version {running.decode().strip()})",
            "stop and start the proxy in a quiet hour: connections are closed for a moment",
        )
    config = write_bootstrap(supervisor.where, 0, base_id=0)
    code, said = await _run(program, "--mode", "validate", "--config-path", str(config))
    remove_file(config)
    if code:
        raise _failed(f"{program} refuses its configuration: {said[-500:]}", "")


async def _run(program: str, *arguments: str) -> tuple[int, str]:
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as problem:  # e.g. made for another processor
        return 1, str(problem.strerror)
    try:
        async with asyncio.timeout(_CHECK_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 1, f"no end within {_CHECK_S:g} s"
    return process.returncode or 0, said.decode(errors="replace").strip()


async def _ready(supervisor: Supervisor, new: EnvoyProcess) -> None:
    """Raises: RouterUnreachable."""
    try:
        async with asyncio.timeout(_START_S):
            while not await _serves(supervisor, new):
                if not is_alive(new):
                    raise _failed("the new Envoy ended at once", tail(supervisor.where.envoy_log))
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise _failed(f"the new Envoy was not ready within {_START_S:g} s", "") from None


async def _serves(supervisor: Supervisor, new: EnvoyProcess) -> bool:
    """Whether it has every route and its workers accept connections."""
    if not supervisor.ads.complete(new.serial):
        return False
    with contextlib.suppress(AdminError):
        found = await ask(
            supervisor.where.admin(new.serial), "/stats?filter=^listener_manager.workers_started$"
        )
        return found.strip().endswith(b": 1")
    return False


def _failed(why: str, more: str) -> RouterUnreachable:
    return RouterUnreachable(
        f"The proxy was not upgraded: {why}.",
        users="no request failed",
        serving="the Envoy before serves on",
        hint=more or "`changeover proxy logs`, then `changeover proxy upgrade` again",
    )
