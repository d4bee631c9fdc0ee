"""Random changes, and random options of every strategy, as hypothesis draws them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from changeover.domain.checks import CommandCheck, Health, HttpCheck
from changeover.domain.gates import CheckGate, ErrorRatioGate, Gate, LatencyGate, ReadinessGate
from changeover.domain.plan import Change, Plan
from changeover.domain.release import Release
from changeover.domain.service import Front, ServiceId
from changeover.domain.steps import StartReplicas, Step, StopReplicas
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling

Draw = Callable[[SearchStrategy[Any]], Any]
SMOKE = HttpCheck(name="front page", path="/")
FRONT = Front(service=ServiceId("production", "shop"), host="127.0.0.1", port=8080)


def release(version: str, *, memory_bytes: int | None = None) -> Release:
    return Release(
        version=version,
        artifact="sha256:" + "0" * 64,
        command=("shop", "--port", "{port}"),
        environment=(("MODE", "live"),),
        memory_bytes=memory_bytes,
    )


def change(
    *,
    replicas: int = 3,
    stable: int | None = None,
    min_ready: int | None = None,
    checks: bool = False,
    slots: tuple[int, ...] | None = None,
    first: bool = False,
) -> Change:
    """v1 on `stable` replicas (as many as `replicas` when left out) to v2 on `replicas`."""
    count = replicas if stable is None else stable
    serving = () if first else tuple(range(count)) if slots is None else slots
    floor = replicas if first else min(replicas, len(serving))
    return Change(
        front=FRONT,
        stable=None if first else release("v1", memory_bytes=100),
        candidate=release("v2", memory_bytes=150),
        replicas=replicas,
        stable_slots=serving,
        min_ready=floor if min_ready is None else min_ready,
        health=Health(),
        checks=(SMOKE,) if checks else (),
    )


@st.composite
def changes(draw: Draw, *, most: int = 40, spare_one: bool = False) -> Change:
    """Any fleet; with `spare_one` one where at least one replica may be stopped first."""
    replicas = draw(st.integers(1, most))
    stable = draw(st.integers(2 if spare_one else 1, most))
    first_slot = draw(st.integers(0, 3))
    room = min(replicas, stable - 1 if spare_one else stable)
    return change(
        replicas=replicas,
        slots=tuple(range(first_slot, first_slot + stable)),
        min_ready=draw(st.integers(0, room)),
        checks=bool(draw(st.integers(0, 1))),
    )


first_changes = st.builds(
    lambda replicas, checks: change(replicas=replicas, checks=checks, first=True),
    st.integers(1, 40),
    st.booleans(),
)
seconds = st.sampled_from([0.0, 5.0, 60.0])
gates: SearchStrategy[tuple[Gate, ...]] = st.lists(
    st.sampled_from(
        [
            ReadinessGate(),
            ErrorRatioGate(limit_ratio=0.02),
            LatencyGate(limit_ms=250.0),
            CheckGate(check=CommandCheck(name="smoke", command=("true",))),
        ]
    ),
    max_size=3,
    unique=True,
).map(tuple)
amounts = st.one_of(
    st.integers(1, 50).map(str), st.integers(1, 100).map(lambda percent: f"{percent}%")
)
surging_options = st.builds(
    RollingOptions,
    batch=amounts,
    surge=st.one_of(st.just(""), amounts),
    first_bake_s=seconds,
    gates=gates,
    extend_s=seconds,
)
in_place_options = st.builds(
    RollingOptions, batch=amounts, in_place=st.just(True), first_bake_s=seconds, gates=gates
)
blue_green_options = st.builds(
    BlueGreenOptions,
    approval=st.booleans(),
    watch_s=seconds,
    gates=gates,
    keep_s=seconds,
    preview_port=st.sampled_from([0, 9090]),
)
rising = st.lists(st.integers(1, 10_000), max_size=5, unique=True).map(sorted)
weight_options = st.builds(
    lambda weights, bake_s, approval, watched: CanaryOptions(
        steps=tuple(CanaryStep(weight=w / 100, bake_s=bake_s, approval=approval) for w in weights),
        gates=watched,
    ),
    rising,
    seconds,
    st.booleans(),
    gates,
)


def rising_servers(shares: list[str]) -> list[str]:
    """Counts and percents where they were drawn, each kind in rising order."""
    ordered = sorted(shares, key=lambda share: int(share.rstrip("%")))
    counts = iter([share for share in ordered if not share.endswith("%")])
    percents = iter([share for share in ordered if share.endswith("%")])
    return [next(percents if share.endswith("%") else counts) for share in shares]


server_options = st.builds(
    lambda shares, bake_s, watched: CanaryOptions(
        by="servers",
        steps=tuple(CanaryStep(servers=share, bake_s=bake_s) for share in shares),
        gates=watched,
    ),
    st.lists(amounts, max_size=4).map(rising_servers),
    seconds,
    gates,
)


def plans(*, most: int = 40) -> SearchStrategy[Plan]:
    """A plan of any strategy for any fleet of up to `most` replicas on each side."""
    several = changes(most=most).filter(lambda c: c.replicas > 1)
    return st.one_of(
        st.builds(rolling, changes(most=most), surging_options),
        st.builds(rolling, changes(most=most, spare_one=True), in_place_options),
        st.builds(blue_green, changes(most=most), blue_green_options),
        st.builds(canary, changes(most=most), weight_options),
        st.builds(canary, several, server_options),
    )


def parts(step: Step) -> list[Step]:
    """Every way in which a step may be half done, from not at all to wholly."""
    if isinstance(step, StartReplicas | StopReplicas):
        return [replace(step, slots=step.slots[:n]) for n in range(len(step.slots) + 1)]
    return [step, StartReplicas(version="v2", slots=())]
