"""What Envoy counted per version."""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from changeover.adapters.router.envoy.agent.admin import ask_json
from changeover.adapters.router.envoy.agent.names import stat_name
from changeover.domain.counters import Counters
from changeover.domain.release import Version
from changeover.domain.service import ServiceId

_MERGE_S = 0.02
"""Envoy's workers bring their histograms together when asked for them, after the answer."""

_FILTER = "upstream_(rq_completed|rq_5xx|rq_time|cx_protocol_error)"


async def counters(
    admin: Path, service: ServiceId, versions: Iterable[Version]
) -> dict[Version, Counters]:
    """Cumulative counts of the versions that have had a request.

    Requests are those that were answered, by a replica or by Envoy in its place; a request that
    Envoy tried again counts once, with its last answer. Errors are answers 500 to 599, among
    them Envoy's own 503 for a reset and 504 for a timeout, and answers that a replica broke off
    or garbled (protocol errors; Envoy counts those by their status otherwise).

    Raises: AdminError.
    """
    prefixes = {f"cluster.{stat_name(service, v)}.": v for v in sorted(versions)}
    either = "|".join(re.escape(prefix) for prefix in prefixes)
    path = f"/stats?format=json&histogram_buckets=cumulative&filter=^({quote(either)}){_FILTER}$"
    await ask_json(admin, "/stats?format=json&filter=^server.live$")
    await asyncio.sleep(_MERGE_S)
    found = await ask_json(admin, path)
    values, histograms = _read(found["stats"])
    return {
        version: _counted(prefix, values, histograms)
        for prefix, version in prefixes.items()
        if values.get(f"{prefix}upstream_rq_completed")
    }


def _counted(
    prefix: str,
    values: dict[str, int],
    histograms: dict[str, tuple[tuple[float, int], ...]],
) -> Counters:
    requests = values[f"{prefix}upstream_rq_completed"]
    errors = values.get(f"{prefix}upstream_rq_5xx", 0)
    errors += values.get(f"{prefix}upstream_cx_protocol_error", 0)
    return Counters(
        requests=requests,
        errors=min(errors, requests),
        latency=histograms.get(f"{prefix}upstream_rq_time", ()),
    )


def _read(
    stats: list[dict[str, Any]],
) -> tuple[dict[str, int], dict[str, tuple[tuple[float, int], ...]]]:
    values: dict[str, int] = {}
    histograms: dict[str, tuple[tuple[float, int], ...]] = {}
    for item in stats:
        if "value" in item:
            values[item["name"]] = int(item["value"])
        for histogram in item.get("histograms", ()):
            histograms[histogram["name"]] = tuple(
                (float(b["upper_bound"]), int(b["cumulative"])) for b in histogram["buckets"]
            )
    return values, histograms
