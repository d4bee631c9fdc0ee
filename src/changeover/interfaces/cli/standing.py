"""A status in words for a person, and as data for a program."""

import time
from collections.abc import Iterator
from dataclasses import asdict

import click

from changeover.adapters.journal.glance import ActiveRun, PastRun
from changeover.domain.route import HeaderMatch
from changeover.interfaces.operations.status import Status

_NEXT = {
    "paused": "`changeover resume` goes on, `changeover abort` goes back",
    "held": "`changeover approve` says yes, `changeover resume` tries once more, "
    "`changeover abort` goes back",
    "stuck": "mend what is said above; `changeover resume` tries again, "
    "`changeover abort --give-up` closes the run",
}
_INTERRUPTED = "nobody carries it: `changeover resume` goes on, `changeover abort` goes back"


def in_words(seen: Status) -> list[str]:
    """The status, line by line."""
    return [
        click.style(str(seen.service), bold=True),
        *_serving(seen),
        *_replicas(seen),
        *_run(seen),
        *_past(seen),
        *(click.style(f"! {line}", fg="yellow") for line in seen.trouble),
    ]


def as_data(seen: Status) -> dict[str, object]:
    """The same as JSON values."""
    route = seen.routing.route if seen.routing else None
    return {
        "service": seen.service.name,
        "environment": seen.service.environment,
        "weights": dict(route.weights) if route else {},
        "members": {v: list(slots) for v, slots in route.members.items()} if route else {},
        "replicas": [
            {
                "name": str(r.replica),
                "version": r.replica.version,
                "alive": r.alive,
                "endpoint": str(r.endpoint) if r.endpoint else None,
                "restarts": r.restarts,
                "note": r.note,
            }
            for r in seen.replicas
        ],
        "serving": seen.glance.serving[0] if seen.glance.serving else None,
        "run": asdict(seen.glance.active) | {"carried": seen.carried}
        if seen.glance.active
        else None,
        "past": [asdict(run) for run in seen.glance.past],
        "trouble": list(seen.trouble),
    }


def _serving(seen: Status) -> Iterator[str]:
    route = seen.routing.route if seen.routing else None
    if route is None:
        yield "  serves: nothing" if seen.routing else "  serves: cannot be seen now"
        return
    for version, weight in route.weights.items():
        active = (
            sum(count for r, count in seen.routing.active.items() if r.version == version)
            if seen.routing
            else 0
        )
        members = len(route.slots(version))
        yield (
            f"  {click.style(version, fg='green', bold=True)} takes {weight / 100:g} % of requests"
            f" on {members} replica{'s' if members != 1 else ''}, {active} in flight"
        )
    for match in route.matches:
        how = (
            f"header {match.header}: {match.value}"
            if isinstance(match, HeaderMatch)
            else f"port {match.port}"
        )
        yield f"  preview of {match.version}: {how}"


def _replicas(seen: Status) -> Iterator[str]:
    route = seen.routing.route if seen.routing else None
    for replica in seen.replicas:
        member = route is not None and replica.replica.slot in route.slots(replica.replica.version)
        state = "takes requests" if member else "takes none" if seen.routing else "runs"
        if not replica.alive:
            state = click.style("does not run", fg="red")
        note = f"  ({replica.note})" if replica.note else ""
        yield f"    {replica.replica!s:24} {replica.endpoint!s:22} {state}{note}"


def _run(seen: Status) -> Iterator[str]:
    run = seen.glance.active
    if run is None:
        return
    state = run.status if seen.carried or run.status in _NEXT else f"{run.status}, interrupted"
    yield (
        f"  run {run.run_id}: {run.from_version or 'nothing'} -> {run.to_version or 'nothing'}, "
        f"{run.strategy}, {click.style(state, fg='cyan', bold=True)}"
    )
    if run.cause:
        yield f"    because: {run.cause}"
    yield f"    {_step(run)}"
    if not seen.carried:
        yield f"    {_NEXT.get(run.status, _INTERRUPTED)}"


def _step(run: ActiveRun) -> str:
    back = "way back, " if run.phase == "back" else ""
    if run.step is None:
        return f"{back}all {run.step_total} steps done"
    kind = str(run.step.get("kind", "step")).replace("_", " ")
    since = ""
    if run.started_at is not None and run.status not in _NEXT:
        since_s = max(time.time() - run.started_at, 0)
        since = f", for {since_s:.0f} s"
        if isinstance(duration := run.step.get("duration_s"), int | float):
            over = since_s > duration  # extended, or nobody was there to end it
            since += f"; {duration:g} s were planned" if over else f" of {duration:g} s"
    return f"{back}step {run.step_index + 1} of {run.step_total}: {kind}{since}"


def _past(seen: Status) -> Iterator[str]:
    if seen.glance.past:
        yield "  last runs:"
    for run in seen.glance.past:
        yield f"    {_line(run)}"


def _line(run: PastRun) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at))
    cause = f": {run.cause}" if run.cause else ""
    change = f"{run.from_version or 'nothing'} -> {run.to_version or 'nothing'}"
    return f"{when}  {change}  {run.status}{cause}"
