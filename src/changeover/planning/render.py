"""Plans in plain words, for people who decide and for the lines of a run's story."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import assert_never

from changeover.domain.plan import Change, Plan
from changeover.domain.steps import (
    AwaitApproval,
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    SetRoute,
    StartReplicas,
    Step,
    StopReplicas,
)
from changeover.planning.abort import back_to_stable, room_of
from changeover.planning.estimate import Span, peak, running, seconds, total
from changeover.planning.words import (
    duration,
    gate_words,
    listed,
    memory,
    replicas,
    route_words,
    span,
)
from changeover.planning.world import World, first_world, observed_of, walk

MOST_PHRASES = 6
"""An abort of more parts than this is told by its sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step as `changeover plan` shows it.

    number:  from 1. sentence: what is done. time: how long it may take.
    running: replicas once it is done, e.g. "3 v1 + 1 v2".
    abort:   what an abort would do once the step is done.
    """

    number: int
    sentence: str
    time: Span
    running: str
    abort: str


def sentence(step: Step, change: Change) -> str:
    """What `step` does, in one line without a full stop."""
    match step:
        case StartReplicas():
            return f"start {replicas(step.version, step.slots)}"
        case AwaitReady():
            verb = "is" if len(step.slots) == 1 else "are"
            return f"wait until {replicas(step.version, step.slots)} {verb} ready"
        case SetRoute():
            if step.route is None:
                return f"close {change.service.name} to users"
            return f"send {route_words(step.route, first=change.candidate.version)}"
        case RunChecks():
            names = listed([f'"{check.name}"' for check in step.checks])
            return f"check {step.version} through the proxy: {names}"
        case Bake():
            return _bake(step, change)
        case AwaitApproval():
            return f"wait for a person's approval: {step.prompt}"
        case Drain():
            what = replicas(step.version, step.slots)
            return f"let requests on {what} end, at most {duration(step.timeout_s)}"
        case StopReplicas():
            return f"stop {replicas(step.version, step.slots)}"
        case _:
            assert_never(step)


def _bake(step: Bake, change: Change) -> str:
    text = f"{step.purpose} for {duration(step.duration_s)}"
    if not step.gates:
        return text
    text += f" while {listed([gate_words(gate, change.candidate.version) for gate in step.gates])}"
    if step.extend_s:
        text += f"; up to {duration(step.extend_s)} more while that is not clear"
    return text


def rows(plan: Plan) -> tuple[Row, ...]:
    """Every step of `plan` with its time, what runs after it, and what an abort would do then."""
    worlds = islice(walk(first_world(plan.change), plan.steps), 1, None)
    pairs, room = zip(plan.steps, worlds, strict=True), room_of(plan)
    return tuple(
        Row(
            number=number,
            sentence=sentence(step, plan.change),
            time=seconds(step, plan.change),
            running=_running(world),
            abort=_abort(plan, world, room),
        )
        for number, (step, world) in enumerate(pairs, start=1)
    )


def describe(plan: Plan) -> list[str]:
    """The whole plan as lines of text."""
    return [_title(plan), *_lines(rows(plan)), *summary(plan)]


def summary(plan: Plan) -> list[str]:
    """Expected time and peak of replicas and memory, each beside what runs now."""
    time, most = total(plan.steps, plan.change), peak(plan)
    each = " and ".join(f"{count} of {version}" for version, count in most.by_version)
    count = f"{most.replicas} replicas{_beside(most.replicas, most.now_replicas)}"
    lines = [f"time: {span(time.low_s, time.high_s)}", f"peak: {count}, at most {each}"]
    if most.memory_bytes is not None:
        size = memory(most.memory_bytes)
        lines.append(f"peak memory: {size}{_beside(most.memory_bytes, most.now_memory_bytes)}")
    return lines


def _title(plan: Plan) -> str:
    change = plan.change
    if change.retires:
        return f"{plan.strategy}: take {change.service} away"
    before = f"from {change.stable.version} " if change.stable else "for the first time "
    return f"{plan.strategy}: {change.service} {before}to {change.candidate.version}"


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    before = ""
    for row in rows:
        time = span(row.time.low_s, row.time.high_s)
        yield f"{row.number:3}. {row.sentence} [{time}; then {row.running or 'nothing'}]"
        if row.abort != before:
            yield f"     from here an abort would: {row.abort}"
        before = row.abort


def _running(world: World) -> str:
    return " + ".join(f"{count} {version}" for version, count in sorted(running(world).items()))


def _beside(peak: int, now: int | None) -> str:
    """ " (1.33 times now)" or " (as now)"; empty when nothing runs now."""
    if not now:
        return ""
    return " (as now)" if peak == now else f" ({round(peak / now, 2):g} times now)"


def _abort(plan: Plan, world: World, room: int) -> str:
    """The way back from `world` in few words."""
    steps = back_to_stable(plan, observed_of(world, plan.change.service), room=room)
    phrases = list(_phrases(steps, plan.change))
    if not phrases:
        return "undo nothing"
    if len(phrases) <= MOST_PHRASES:
        return ", ".join(phrases)
    rounds = sum(isinstance(step, SetRoute) for step in steps)
    started, stopped = _slots(steps, StartReplicas), _slots(steps, StopReplicas)
    return f"in {rounds} rounds start {started} and retire {stopped}, all to stable at the end"


def _slots(steps: Sequence[Step], kind: type[StartReplicas] | type[StopReplicas]) -> str:
    """All replicas that steps of one kind speak of, e.g. "2 v1"."""
    found = [step for step in steps if isinstance(step, kind)]
    return f"{sum(len(step.slots) for step in found)} {found[0].version}" if found else "none"


def _phrases(steps: Sequence[Step], change: Change) -> Iterator[str]:
    """Steps in few words; waiting for what was just started, and draining what is then stopped,
    go without saying."""
    started = False
    for step in steps:
        match step:
            case StartReplicas():
                yield f"start {len(step.slots)} {step.version}"
            case AwaitReady() if not started:
                yield f"await {len(step.slots)} {step.version}"
            case SetRoute():
                yield _route_phrase(step, change)
            case StopReplicas():
                yield f"retire {len(step.slots)} {step.version}"
            case _:
                pass
        started = isinstance(step, StartReplicas)


def _route_phrase(step: SetRoute, change: Change) -> str:
    if step.route is None or change.stable is None:
        return f"close {change.service.name} to users"
    version = change.stable.version
    share = step.route.weight(version) / 100
    to = f"{len(step.route.slots(version))} {version}"
    return f"all to {to}" if share == 100 else f"{share:.3g} % to {to}"
