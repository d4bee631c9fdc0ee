"""The agent's life: lock, snapshot, Envoy, API; until it is told to go."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from changeover.adapters.router.envoy.agent import store
from changeover.adapters.router.envoy.agent.ads import Ads, NotAccepted, Rejected
from changeover.adapters.router.envoy.agent.api import Api
from changeover.adapters.router.envoy.agent.listening import check_free
from changeover.adapters.router.envoy.agent.logs import rotate_for_ever
from changeover.adapters.router.envoy.agent.operations import Operations
from changeover.adapters.router.envoy.agent.publisher import Publisher, addresses
from changeover.adapters.router.envoy.agent.server import serve
from changeover.adapters.router.envoy.agent.settings import (
    ALREADY_RUNNING,
    Settings,
    from_arguments,
)
from changeover.adapters.router.envoy.agent.supervisor import Supervisor
from changeover.adapters.router.envoy.places import Places, make_directories, places
from changeover.adapters.router.envoy.processes import find_envoys
from changeover.execution.errors import ChangeoverError

_log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Run the agent; returns the exit code when it ends."""
    state_dir, settings = from_arguments(argv)
    where = places(state_dir)
    try:
        make_directories(where)
        lock = _locked(where.lock)
        if lock is None:
            return ALREADY_RUNNING
        _log_to(where.agent_log, settings)
        asyncio.run(_live(where, settings))
    except ChangeoverError as problem:
        with contextlib.suppress(OSError):
            where.sockets.rmdir()  # empty when nothing of ours runs
        print(problem, file=sys.stderr)  # noqa: T201 - what `proxy start` shows
        return problem.exit_code
    return 0


async def _live(where: Places, settings: Settings) -> None:
    """Raises: RouteRejected when a port of the snapshot is taken, UsageError (damaged snapshot)."""
    ads = Ads()
    publisher = Publisher(ads)
    publisher.restore(store.load(where.snapshot))
    running = find_envoys(where)
    if not running:
        for address in addresses(publisher.state):
            check_free(address, ours=())
    await ads.listen(where.ads)
    supervisor = Supervisor(where, settings, ads)
    supervisor.start(running)
    try:
        await publisher.settled()
    except (Rejected, NotAccepted) as problem:
        _log.warning("Envoy has not taken the snapshot yet: %s", problem)
    supervisor.spawn(rotate_for_ever(supervisor))
    api = Api(Operations(where, supervisor, publisher))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, api.leave)
    server = await serve(where.api, api.operations)
    _log.info("agent %d answers on %s", os.getpid(), where.api)
    await api.leaving.wait()
    server.close()
    await ads.close()
    where.api.unlink(missing_ok=True)
    where.ads.unlink(missing_ok=True)
    if api.ended:
        with contextlib.suppress(OSError):
            where.sockets.rmdir()
    else:
        supervisor.detach()


def _locked(path: Path) -> int | None:
    """A lock held as long as this process lives, or None when another agent has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def _log_to(path: Path, settings: Settings) -> None:
    handler = RotatingFileHandler(path, maxBytes=settings.log_limit_bytes, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
