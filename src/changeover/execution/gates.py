"""Ask the gates of a bake, once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from changeover.analysis.judge import judge_errors, judge_latency
from changeover.domain.counters import Counters, between
from changeover.domain.gates import CheckGate, ErrorRatioGate, Gate, LatencyGate, ReadinessGate
from changeover.domain.release import Version
from changeover.domain.replica import ReplicaId
from changeover.domain.verdict import Judgement, Verdict
from changeover.execution.doing import Doing
from changeover.execution.errors import Retryable
from changeover.execution.ports import Readiness
from changeover.execution.smoke import attempt
from changeover.execution.together import together

Reading = Mapping[Version, Counters]


@dataclass(slots=True)
class Watch:
    """What gates look at while one bake lasts.

    base:     the counters when the bake began; windows reach from there to now.
    failures: bad asks in a row, per replica.
    """

    doing: Doing
    replicas: list[ReplicaId]
    base: Reading
    failures: dict[ReplicaId, int] = field(default_factory=dict)

    def begin_where_unknown(self, now: Reading) -> bool:
        """Begin the window of a version here when it has no usable beginning: its counters were
        not there yet, or began anew since. Whether anything changed."""
        fresh = {v: c for v, c in now.items() if between(self.base.get(v), c) is None}
        self.base = {**self.base, **fresh}
        return bool(fresh)

    def window(self, now: Reading, version: Version) -> Counters | None:
        return between(self.base.get(version), now.get(version))

    async def ask(self, gate: Gate, now: Reading) -> Verdict:
        """The verdict of `gate` on the window from the beginning to `now`."""
        change = self.doing.change
        candidate = change.candidate.version
        stable = change.stable.version if change.stable else ""
        pair = (candidate, self.window(now, candidate)), (stable, self.window(now, stable))
        match gate:
            case ReadinessGate():
                return await self._readiness(gate)
            case ErrorRatioGate():
                return judge_errors(gate, *pair)
            case LatencyGate():
                return judge_latency(gate, *pair)
            case CheckGate(check=check):
                try:
                    passed, seen = await attempt(self.doing, candidate, check)
                except Retryable as error:
                    why = f"check `{check.name}` could not be asked: {error.message}"
                    return Verdict(Judgement.INCONCLUSIVE, why)
                judgement = Judgement.PASSED if passed else Judgement.FAILED
                return Verdict(judgement, f"check `{check.name}`: {seen}")

    async def _readiness(self, gate: ReadinessGate) -> Verdict:
        answers = await together(self.replicas, self._is_ready)
        doubts = []
        for replica, answer in zip(self.replicas, answers, strict=True):
            if answer is None:
                doubts.append(f"{replica} could not be asked")
                continue
            count = 0 if answer.ready else self.failures.get(replica, 0) + 1
            self.failures[replica] = count
            if count >= gate.failures:
                why = f"{replica} was not ready {count} times in a row: {answer.why}"
                return Verdict(Judgement.FAILED, why)
            if count:
                doubts.append(f"{replica} is not ready: {answer.why}")
        if doubts or not self.replicas:
            why = "; ".join(doubts) or "no replica of the candidate takes requests"
            return Verdict(Judgement.INCONCLUSIVE, why)
        return Verdict(Judgement.PASSED, f"{len(self.replicas)} replicas ready")

    async def _is_ready(self, replica: ReplicaId) -> Readiness | None:
        """The replica's answer; None when its host did not answer."""
        try:
            return await self.doing.hands.runtime.is_ready(replica, self.doing.change.health)
        except Retryable:
            return None
