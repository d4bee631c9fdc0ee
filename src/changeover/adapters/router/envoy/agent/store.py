"""The snapshot on disk: what Envoy is told at boot, before any controller speaks."""

import json
import os
from pathlib import Path
from typing import Any

from changeover.adapters.router.envoy.agent.state import Routed, State
from changeover.adapters.router.envoy.wire import (
    endpoints_json,
    endpoints_of,
    front_json,
    front_of,
    route_json,
    route_of,
    service_json,
    service_of,
)
from changeover.execution.errors import UsageError

FORMAT = 1


def save(path: Path, state: State) -> None:
    """Replace the snapshot; the new one is on the disk when this returns, whole or not at all.

    Raises: OSError, and the old snapshot is still there.
    """
    prepare(path, state)
    commit(path)


def prepare(path: Path, state: State) -> None:
    """Write `state` to the disk beside the snapshot: the slow half of saving it. Nobody reads it
    before `commit`. Raises: OSError."""
    # Not indented: only without does Python encode in C, ten times faster.
    text = json.dumps(state_json(state))
    with _fresh(path).open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def commit(path: Path) -> None:
    """Put what was prepared in the snapshot's place; on the disk when this returns.

    Raises: OSError.
    """
    _fresh(path).rename(path)
    _sync_directory(path.parent)


def _fresh(path: Path) -> Path:
    return path.with_suffix(".new")


def load(path: Path) -> State:
    """The snapshot, or an empty state when there never was one.

    Raises: UsageError when the file is not a snapshot: to start Envoy empty in its place would
    close the port of every service.
    """
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return State()
    except ValueError as problem:
        raise _damaged(path, str(problem)) from problem
    try:
        return state_of(data)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise _damaged(path, repr(problem)) from problem


def state_json(state: State) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "fences": [{**service_json(s), "fence": n} for s, n in sorted(state.fences.items())],
        "services": [_routed_json(r) for _, r in sorted(state.services.items())],
    }


def state_of(data: dict[str, Any]) -> State:
    """Raises: KeyError, TypeError, ValueError for data of another form."""
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']}, expected {FORMAT}")
    routed = [_routed_of(item) for item in data["services"]]
    return State(
        services={r.front.service: r for r in routed},
        fences={service_of(item): int(item["fence"]) for item in data["fences"]},
    )


def _routed_json(routed: Routed) -> dict[str, Any]:
    return {
        "front": front_json(routed.front),
        "route": None if routed.route is None else route_json(routed.route),
        "order": list(routed.order),
        "endpoints": endpoints_json(routed.endpoints),
        "leaving": endpoints_json(routed.leaving),
    }


def _routed_of(data: dict[str, Any]) -> Routed:
    front = front_of(data["front"])
    return Routed(
        front=front,
        route=None if data["route"] is None else route_of(data["route"]),
        order=tuple(data["order"]),
        endpoints=endpoints_of(front.service, data["endpoints"]),
        leaving=endpoints_of(front.service, data["leaving"]),
    )


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(
        f"The proxy's snapshot {path} cannot be read: {why}.",
        hint=f"restore the file, or move it away and `changeover proxy start`: "
        f"all services of {path.parent} are unknown then until their next deploy",
    )


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
