"""Leave traffic as it is for a while, and watch."""

import asyncio
from collections.abc import Mapping, Sequence

from changeover.domain.counters import Counters
from changeover.domain.gates import CheckGate, Gate, ReadinessGate
from changeover.domain.replica import ReplicaId
from changeover.domain.run import SignalKind
from changeover.domain.steps import Bake
from changeover.domain.verdict import Judgement, Verdict, combined
from changeover.execution.deadline import watch_s, within
from changeover.execution.doing import Doing
from changeover.execution.errors import GateFailed, LeaseLost
from changeover.execution.gates import Reading, Watch
from changeover.execution.hold import hold
from changeover.execution.observe import ASK_S
from changeover.execution.traffic import traffic

LOOK_EVERY_S = 1.0

_APPROVE = frozenset({SignalKind.APPROVE})


async def bake(doing: Doing, step: Bake) -> str:
    """Return when the time is over and every gate has passed, or a person has approved.

    The window and its first reading are remembered, so that a controller that died in between
    judges the whole of it. A gate whose source fails is inconclusive.

    Raises: GateFailed at once when a gate fails; Parked, Interrupted, LeaseLost.
    """
    while True:
        async with within(watch_s(step), doing.ledger, step.purpose):
            verdict = await _watch(doing, step)
        if verdict.judgement is Judgement.PASSED:
            return verdict.why or f"{step.purpose}: {step.duration_s:g} s over"
        said = await hold(doing, _question(doing), verdict.why)
        if said.kind is SignalKind.APPROVE:
            return f"approved by {said.who} without a verdict: {verdict.why}"
        await doing.remember()  # resume: bake again from the beginning


def _question(doing: Doing) -> str:
    return f"no verdict on {doing.change.candidate.version}"


async def _watch(doing: Doing, step: Bake) -> Verdict:
    """Bake once, with its extension, and return the last verdict; never a failed one."""
    clock = doing.hands.clock
    began_at, base = await _beginning(doing, step)
    gone_s = max(clock.now() - began_at, 0.0)
    end = clock.monotonic() + step.duration_s - gone_s
    # Whoever resumes a run that was held for want of a verdict gives it that much longer again.
    patience_from = clock.monotonic() if doing.was_asked(_question(doing)) else end
    longest = patience_from + max(step.extend_s, _doubt_s(step))
    watch = Watch(doing, await _candidates(doing), base)
    begins = True  # also for who takes the bake over: nobody may have asked its checks
    while True:
        doing.check()
        left_s = end - clock.monotonic()
        over, last = left_s <= 0, clock.monotonic() >= max(end, longest)
        verdict = await _ask_all(watch, step, begins=begins, over=over, last=last)
        begins = False
        if last or (over and verdict.judgement is Judgement.PASSED):
            return verdict
        answered = doing.ledger.attention.first(_APPROVE) is not None
        if over and answered and doing.was_asked(_question(doing)):
            return verdict  # the question was asked before, and is answered
        await doing.progress(
            f"{step.purpose}: {verdict.why}" if step.gates else step.purpose,
            elapsed_s=min(step.duration_s - left_s, step.duration_s),
            of_s=step.duration_s,
            **await traffic(doing),
        )
        # While extending, look as often as before; never sleep past the end.
        await clock.sleep(min(LOOK_EVERY_S, left_s) if not over else LOOK_EVERY_S)


def _doubt_s(step: Bake) -> float:
    """Seconds until a replica that is not ready at the end has failed its gate, or is again."""
    asks = [gate.failures for gate in step.gates if isinstance(gate, ReadinessGate)]
    return LOOK_EVERY_S * max(asks, default=0)


async def _beginning(doing: Doing, step: Bake) -> tuple[float, Reading]:
    """When this window began and what was counted then; from before a crash if there is one."""
    if "began_at" in doing.memo:
        return float(str(doing.memo["began_at"])), _decode(doing.memo["base"])
    began_at, base = doing.hands.clock.now(), await _read(doing) if step.gates else {}
    await doing.remember(began_at=began_at, base=_encode(base))
    return began_at, base


async def _ask_all(watch: Watch, step: Bake, *, begins: bool, over: bool, last: bool) -> Verdict:
    """The verdict of all gates now. Checks, which may be dear, are asked when the bake begins, and
    when it would end otherwise. Raises: GateFailed."""
    if not step.gates:
        return Verdict(Judgement.PASSED, "")
    now = await _read(watch.doing)
    if watch.begin_where_unknown(now):
        await watch.doing.remember(**{**watch.doing.memo, "base": _encode(watch.base)})
    verdict = await _ask(watch, [g for g in step.gates if not isinstance(g, CheckGate)], now)
    if begins or last or (over and verdict.judgement is Judgement.PASSED):
        checked = await _ask(watch, [g for g in step.gates if isinstance(g, CheckGate)], now)
        return combined([verdict, checked])
    return verdict


async def _ask(watch: Watch, gates: Sequence[Gate], now: Reading) -> Verdict:
    """The verdict of `gates`, passed when there are none. Raises: GateFailed at the first one."""
    verdicts = []
    for gate in gates:
        verdict = await watch.ask(gate, now)
        verdicts.append(verdict)
        if verdict.judgement is Judgement.FAILED:
            failed = GateFailed(verdict.why)
            failed.gate = gate.kind
            raise failed
    return combined(verdicts)


async def _read(doing: Doing) -> Reading:
    """The counters now; none at all when their source fails, which is inconclusive."""
    change = doing.change
    versions = {change.candidate.version} | ({change.stable.version} if change.stable else set())
    try:
        async with asyncio.timeout(ASK_S):
            return await doing.hands.metrics.read(change.service, frozenset(versions))
    except LeaseLost:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the source, silence is no verdict
        await doing.progress(f"no counts for now: {str(error) or type(error).__name__}")
        return {}


async def _candidates(doing: Doing) -> list[ReplicaId]:
    """Candidate replicas that take requests."""
    router, service = doing.hands.router, doing.change.service
    seen = await doing.retried(lambda: router.observe(service), "looking at the route")
    version = doing.change.candidate.version
    return doing.replicas(version, seen.route.slots(version)) if seen.route else []


def _encode(reading: Reading) -> dict[str, object]:
    return {
        version: [c.requests, c.errors, [list(edge) for edge in c.latency]]
        for version, c in reading.items()
    }


def _decode(stored: object) -> dict[str, Counters]:
    assert isinstance(stored, Mapping)  # for the type checker: it is what `_encode` made
    return {
        version: Counters(
            requests=requests,
            errors=errors,
            latency=tuple((float(edge), int(count)) for edge, count in latency),
        )
        for version, (requests, errors, latency) in stored.items()
    }
