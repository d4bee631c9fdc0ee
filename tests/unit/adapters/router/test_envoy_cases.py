"""`tests/envoy/*.case`: routes applied one after the other, and what Envoy is told in the end.

Above the line: `show:` which types, `front:` (if not the usual one), one `route:` for each
apply (JSON as on the wire), `drained:` replicas that were forgotten. Below: the resources.
To write the answers anew, run with CHANGEOVER_WRITE_CASES=1 and read the difference.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from changeover.adapters.router.envoy.agent import protos
from changeover.adapters.router.envoy.agent.resources import Encoder, describe
from changeover.adapters.router.envoy.agent.state import State, applied, forgotten, members
from changeover.adapters.router.envoy.wire import replica_of, route_of
from changeover.domain.replica import Endpoint
from changeover.domain.route import Route
from changeover.domain.service import Front, ServiceId

CASES = sorted((Path(__file__).parents[3] / "envoy").glob("*.case"))
LINE = "-" * 10
SHOP = ServiceId("production", "shop")
KINDS = {
    "clusters": protos.CLUSTER,
    "endpoints": protos.ENDPOINTS,
    "listeners": protos.LISTENER,
    "routes": protos.ROUTES,
}


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_envoy_is_told_what_the_case_says(path: Path) -> None:
    asked, _, answer = path.read_text().partition(f"{LINE}\n")
    state, shown = played(asked)
    described = describe(state)
    Encoder().encode(state)  # each resource is one that Envoy's types can hold
    told = "".join(
        f"{kind}:\n" + "".join(f"  {line}\n" for line in text(described[KINDS[kind]]))
        for kind in shown
    )
    if os.environ.get("CHANGEOVER_WRITE_CASES"):
        path.write_text(f"{asked}{LINE}\n{told}")
    assert told == answer


def test_there_are_cases() -> None:
    assert len(CASES) >= 5


def played(asked: str) -> tuple[State, list[str]]:
    """The state after all applies, and the types to show."""
    state, shown = State(), list(KINDS)
    front = Front(service=SHOP, host="127.0.0.1", port=8080)
    for line in asked.splitlines():
        word, _, rest = line.partition(": ")
        if word == "show":
            shown = rest.split(", ")
        elif word == "front":
            front = Front(service=SHOP, **json.loads(rest))
        elif word == "route":
            route = route_of({"matches": [], **json.loads(rest)})
            state = applied(state, front, route, addresses(route))
        elif word == "drained":
            gone = frozenset(replica_of(SHOP, one) for one in json.loads(rest))
            state = forgotten(state, SHOP, gone)
        elif not word.startswith("#"):
            raise ValueError(line)
    return state, shown


def addresses(route: Route) -> dict[Any, Endpoint]:
    """Version 1 listens on 9100 and up, version 2 on 9200 and up."""
    return {
        r: Endpoint("10.0.0.1", 9000 + 100 * int(r.version[0]) + r.slot)
        for r in members(SHOP, route)
    }


def text(value: Any) -> Iterator[str]:
    """Much like YAML, one line a value; short ones on one line."""
    flat = json.dumps(value)
    if not isinstance(value, dict | list) or len(flat) < 70:
        yield flat
    elif isinstance(value, dict):
        for key, inner in value.items():
            first, *others = text(inner)
            if isinstance(inner, dict | list) and others:
                yield f"{key}:"
                yield from (f"  {line}" for line in (first, *others))
            else:
                yield f"{key}: {first}"
    else:
        for inner in value:
            first, *others = text(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
