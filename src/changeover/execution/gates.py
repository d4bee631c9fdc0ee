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
                passed, seen = await attempt(self.doing, candidate, check)
                judgement = Judgement.PASSED if passed else Judgement.FAILED
                return Verdict(judgement, f"check `{check.name}`: {seen}")

    async def _readiness(self, gate: ReadinessGate) -> Verdict:
        """One ask of each replica. Where nobody can ask, nothing is known."""
        runtime, health = self.doing.hands.runtime, self.doing.change.health
        try:
            answers = await together(self.replicas, lambda r: runtime.is_ready(r, health))
        except Retryable as error:
            return Verdict(Judgement.INCONCLUSIVE, f"readiness cannot be asked: {error.message}")
        for replica, answer in zip(self.replicas, answers, strict=True):
            count = 0 if answer.ready else self.failures.get(replica, 0) + 1
            self.failures[replica] = count
            if count >= gate.failures:
                why = f"{replica} was not ready {count} times in a row: {answer.why}"
                return Verdict(Judgement.FAILED, why)
        return Verdict(Judgement.PASSED, f"{len(self.replicas)} replicas ready")
