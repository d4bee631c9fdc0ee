"""Lets Envoy finish its requests before it is ended for good."""

import asyncio
import logging
from pathlib import Path

from changeover.adapters.router.envoy.agent.admin import AdminError, ask, ask_json

_log = logging.getLogger(__name__)

_POLL_S = 0.05
_ACTIVE = "/stats?format=json&filter=^http%5C..*%5C.downstream_rq_active$"


async def say_farewell(admin: Path, *, timeout_s: float) -> None:
    """Take no new connection, tell clients to close theirs, and return once no request is in
    flight, at the latest after `timeout_s`."""
    try:
        await ask(admin, "/healthcheck/fail", method="POST")
        await ask(admin, "/drain_listeners", method="POST")
        async with asyncio.timeout(timeout_s):
            while await _active(admin):  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(_POLL_S)
    except AdminError as problem:
        _log.warning("Envoy is ended without a farewell: %s", problem)
    except TimeoutError:
        _log.warning("requests still in flight are cut off after %g s", timeout_s)


async def _active(admin: Path) -> int:
    found = await ask_json(admin, _ACTIVE)
    return sum(
        int(item["value"])
        for item in found["stats"]
        if not item["name"].startswith(("http.admin.", "http.async-client."))
    )
