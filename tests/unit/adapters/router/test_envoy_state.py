"""From one state to the next, to disk and back."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.adapters.router.envoy.agent import store
from changeover.adapters.router.envoy.agent.publisher import addresses, between, new_ports
from changeover.adapters.router.envoy.agent.resources import Encoder
from changeover.adapters.router.envoy.agent.state import (
    State,
    applied,
    fenced,
    forgotten,
    members,
    withdrawn,
)
from changeover.adapters.router.envoy.wire import error_json, error_of
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import HeaderMatch, PortMatch, Route, all_to
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import FencedOff, RouteRejected, RouterUnreachable, UsageError

SHOP = ServiceId("production", "shop")
FRONT = Front(service=SHOP, host="127.0.0.1", port=8080)


def put(state: State, route: Route) -> State:
    addresses = {
        r: Endpoint("127.0.0.1", 1000 + 100 * int(r.version) + r.slot) for r in members(SHOP, route)
    }
    return applied(state, FRONT, route, addresses)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    versions = draw(st.lists(st.sampled_from("123"), min_size=1, max_size=2, unique=True))
    slots = st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)
    share = draw(st.integers(0, 10_000)) if len(versions) == 2 else 10_000
    shares = [share, 10_000 - share][: len(versions)]
    return Route(
        weights=dict(zip(versions, shares, strict=True)),
        members={v: tuple(draw(slots)) for v in versions},
    )


def test_a_former_member_leaves_and_is_forgotten_only_when_asked() -> None:
    state = put(put(State(), all_to("1", (0, 1))), all_to("1", (1,)))
    gone = ReplicaId(SHOP, "1", 0)
    assert set(state.services[SHOP].leaving) == {gone}
    assert set(forgotten(state, SHOP, frozenset({gone})).services[SHOP].leaving) == set()


def test_a_member_is_never_forgotten() -> None:
    state = put(State(), all_to("1", (0,)))
    assert forgotten(state, SHOP, frozenset({ReplicaId(SHOP, "1", 0)})) == state


def test_the_version_that_joins_stands_first_and_stays_there() -> None:
    state = put(State(), all_to("2", (0,)))
    for share in (100, 5000, 9900):
        weights = {"1": share, "2": 10_000 - share}
        state = put(state, Route(weights=weights, members={"1": (0,), "2": (0,)}))
        assert state.services[SHOP].order == ("1", "2")


def test_of_two_that_join_together_the_lighter_stands_first() -> None:
    route = Route(weights={"1": 9000, "2": 1000}, members={"1": (0,), "2": (0,)})
    assert put(State(), route).services[SHOP].order == ("2", "1")


def test_a_withdrawn_service_has_no_port_and_its_members_leave() -> None:
    routed = fenced(put(State(), all_to("1", (0,))), SHOP, 4)
    closed = withdrawn(routed, SHOP)
    assert closed.services[SHOP].leaving == routed.services[SHOP].endpoints
    assert addresses(closed) == frozenset()
    assert closed.services[SHOP].members == frozenset()
    assert withdrawn(closed, SHOP) == closed
    assert store.state_of(store.state_json(closed)) == closed


def test_once_drained_a_withdrawn_service_leaves_only_its_fence() -> None:
    closed = withdrawn(fenced(put(State(), all_to("1", (0,))), SHOP, 4), SHOP)
    assert forgotten(closed, SHOP, members(SHOP, all_to("1", (0,)))) == State(fences={SHOP: 4})
    assert withdrawn(State(fences={SHOP: 4}), SHOP) == State(fences={SHOP: 4})


@settings(deadline=None)
@given(st.lists(routes(), min_size=2, max_size=5))
def test_between_two_states_members_of_both_take_requests(path: list[Route]) -> None:
    states = [State()]
    for route in path:
        states.append(put(states[-1], route))
    for old, new in itertools.pairwise(states):
        both = between(old, new).services[SHOP]
        before = old.services[SHOP].members if SHOP in old.services else frozenset()
        assert set(both.endpoints) == before | new.services[SHOP].members
        assert not set(both.endpoints) & set(both.leaving)
        known = set(new.services[SHOP].endpoints) | set(new.services[SHOP].leaving)
        assert set(both.endpoints) | set(both.leaving) == known


@settings(deadline=None, max_examples=30)
@given(st.lists(routes(), max_size=3))
def test_what_is_remembered_changes_nothing_of_what_envoy_is_told(path: list[Route]) -> None:
    state, remembering = State(), Encoder()
    for route in path:
        new = put(state, route)
        for one in (between(state, new), new, state, new):
            assert remembering.encode(one) == Encoder().encode(one)
        state = new


def test_a_service_that_goes_is_there_until_its_routes_are_gone() -> None:
    old = put(State(), all_to("1", (0,)))
    assert between(old, State()).services == old.services


def test_only_ports_that_were_not_there_are_new() -> None:
    old = put(State(), all_to("1", (0,)))
    new = put(old, all_to("1", (0,), (PortMatch(port=9000, version="1"),)))
    assert new_ports(old, new) == [Endpoint("127.0.0.1", 9000)]


@settings(deadline=None)
@given(st.lists(routes(), max_size=4))
def test_a_snapshot_comes_back_as_it_was(path: list[Route]) -> None:
    state = fenced(State(), SHOP, 3)
    for route in path:
        state = put(state, route)
    assert store.state_of(store.state_json(state)) == state


def test_matches_survive_the_disk(tmp_path: Path) -> None:
    matches = (HeaderMatch(header="X", value="y", version="1"), PortMatch(port=1, version="1"))
    state = put(State(), all_to("1", (0,), matches))
    store.save(tmp_path / "s.json", state)
    assert store.load(tmp_path / "s.json") == state
    assert [p.name for p in tmp_path.iterdir()] == ["s.json"]


def test_what_is_prepared_counts_only_once_it_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    before, after = put(State(), all_to("1", (0,))), put(State(), all_to("2", (0,)))
    store.save(path, before)
    store.prepare(path, after)
    assert store.load(path) == before
    store.commit(path)
    assert store.load(path) == after


def test_without_a_snapshot_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert store.load(tmp_path / "none.json") == State()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "services": 3}'])
def test_what_is_no_snapshot_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"snapshot\.json cannot be read"):
        store.load(path)


def test_a_save_that_fails_leaves_the_snapshot_before(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    store.save(path, put(State(), all_to("1", (0,))))
    path.with_suffix(".new").mkdir()
    with pytest.raises(OSError, match="directory"):
        store.save(path, State())
    assert SHOP in store.load(path).services


@pytest.mark.parametrize("kind", [FencedOff, RouteRejected, RouterUnreachable, UsageError])
def test_an_error_arrives_as_it_was_sent(kind: type[FencedOff]) -> None:
    sent = kind("what", users="who", serving="which", hint="then")
    got = error_of(error_json(sent))
    assert (type(got), str(got)) == (kind, str(sent))


def test_an_error_of_an_unknown_kind_may_be_tried_again() -> None:
    assert isinstance(error_of({"kind": "New", "message": "m"}), RouterUnreachable)
