"""Counts what becomes of requests, by phase and scenario."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from changeover.testing.load.exchange import Exchange
from changeover.testing.load.latency import LatencyHistogram
from changeover.testing.load.report import Failure, Latency, PhaseReport, Report, ScenarioReport
from changeover.testing.load.trace import Trace

FAILURES_KEPT = 20


@dataclass(slots=True)
class Sheet:
    """The counts of one scenario in one phase."""

    ok: int = 0
    failed: int = 0
    unanswered: int = 0
    opened: int = 0
    retired: int = 0
    closed_idle: int = 0
    by_version: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    service_time: LatencyHistogram = field(default_factory=LatencyHistogram)

    def merge(self, other: "Sheet") -> None:
        for name in ("ok", "failed", "unanswered", "opened", "retired", "closed_idle"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("by_version", "ends", "kinds"):
            getattr(self, name).update(getattr(other, name))
        self.latency.merge(other.latency)
        self.service_time.merge(other.service_time)


@dataclass(frozen=True, slots=True)
class Progress:
    """Requests that have ended, those of them that failed, and those without an end yet."""

    sent: int
    failed: int
    in_flight: int


class Tally:
    """Where one scenario writes what it sees. Every exchange ends here exactly once."""

    def __init__(self, scenario: str, trace: Trace | None) -> None:
        self.scenario = scenario
        self.sheet = Sheet()
        self.failures: list[Failure] = []
        self.issued = 0
        self.ended = 0
        self.failed_in_all = 0
        self._trace = trace

    def ok(self, exchange: Exchange, version: str) -> None:
        """An answer that is whole, has status 200, its version and the right body."""
        now_s = time.monotonic()
        sheet = self.sheet
        sheet.ok += 1
        sheet.by_version[version] += 1
        sheet.latency.add(now_s - exchange.due_s)
        sheet.service_time.add(now_s - exchange.sent_s)
        self._end(exchange, now_s, version, "ok")

    def failed(self, exchange: Exchange, kind: str, what: str, where: str) -> None:
        """Anything else, by `kind` (a word to count by) and `what` was seen."""
        self.failed_in_all += 1
        self.sheet.failed += 1
        self.sheet.kinds[kind] += 1
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(Failure(time.time(), self.scenario, kind, what, where))
        self._end(exchange, time.monotonic(), "", kind)

    def unanswered(self, exchange: Exchange) -> None:
        """A websocket's message whose socket ended before its echo; the end counts, not this."""
        self.sheet.unanswered += 1
        self._end(exchange, time.monotonic(), "", "unanswered")

    def fail_unaccounted(self) -> None:
        """Count every request without an end as failed."""
        while self.issued > self.ended:
            nothing = Exchange(0, due_s=time.monotonic(), deadline_s=0.0)
            self.failed(nothing, "unaccounted", "a request without an end", "the load itself")

    def _end(self, exchange: Exchange, now_s: float, version: str, outcome: str) -> None:
        self.ended += 1
        if self._trace is not None:
            self._trace.add(self.scenario, exchange.due_s, exchange.sent_s, now_s, version, outcome)


class Recorder:
    """All tallies, cut into phases."""

    def __init__(self, trace: Trace | None = None) -> None:
        self._trace = trace
        self._tallies: list[Tally] = []
        self._phases: list[tuple[str, float, float, list[Sheet]]] = []
        self._begin("start")
        self._started = (self.phase_at, self._phase_s)

    def _begin(self, name: str) -> None:
        self.phase, self.phase_at, self._phase_s = name, time.time(), time.monotonic()

    def tally(self, scenario: str) -> Tally:
        tally = Tally(scenario, self._trace)
        self._tallies.append(tally)
        return tally

    def mark(self, name: str) -> PhaseReport:
        """End the phase and begin the one called `name`; returns the one that ended."""
        ended = self.current()
        sheets = [tally.sheet for tally in self._tallies]
        self._phases.append((self.phase, self.phase_at, ended.seconds, sheets))
        for tally in self._tallies:
            tally.sheet = Sheet()
        self._begin(name)
        return ended

    def current(self) -> PhaseReport:
        """The phase so far."""
        seconds = time.monotonic() - self._phase_s
        sheets = [tally.sheet for tally in self._tallies]
        return self._phase_report(self.phase, self.phase_at, seconds, sheets)

    def progress(self) -> Progress:
        """All phases together."""
        ended = sum(tally.ended for tally in self._tallies)
        issued = sum(tally.issued for tally in self._tallies)
        failed = sum(tally.failed_in_all for tally in self._tallies)
        return Progress(sent=ended, failed=failed, in_flight=issued - ended)

    def report(self, *, cpu_s: float) -> Report:
        """Everything so far. A request that has no end by now counts as failed, so that no
        fault of the generator's own can look like a service without failures."""
        for tally in self._tallies:
            tally.fail_unaccounted()
        self.mark("end")
        total = [Sheet() for _ in self._tallies]
        for _, _, _, sheets in self._phases:
            for whole, sheet in zip(total, sheets, strict=True):
                whole.merge(sheet)
        started_at, started_s = self._started
        failures = [failure for tally in self._tallies for failure in tally.failures]
        return Report(
            total=self._phase_report("total", started_at, time.monotonic() - started_s, total),
            phases=tuple(self._phase_report(*phase) for phase in self._phases),
            failures=tuple(sorted(failures, key=lambda failure: failure.at)),
            cpu_s=round(cpu_s, 3),
        )

    def _phase_report(
        self, name: str, started_at: float, seconds: float, sheets: Sequence[Sheet]
    ) -> PhaseReport:
        named = zip((tally.scenario for tally in self._tallies), sheets, strict=True)
        scenarios = tuple(_scenario_report(scenario, sheet) for scenario, sheet in named)
        return PhaseReport(name, started_at, round(seconds, 3), scenarios)


def _scenario_report(name: str, sheet: Sheet) -> ScenarioReport:
    return ScenarioReport(
        name=name,
        sent=sheet.ok + sheet.failed + sheet.unanswered,
        ok=sheet.ok,
        failed=sheet.failed,
        unanswered=sheet.unanswered,
        by_version=dict(sorted(sheet.by_version.items())),
        latency=_latency(sheet.latency),
        service_time=_latency(sheet.service_time),
        connections_opened=sheet.opened,
        connections_retired=sheet.retired,
        connections_closed_idle=sheet.closed_idle,
        websocket_ends=dict(sorted(sheet.ends.items())),
        failed_by_kind=dict(sorted(sheet.kinds.items())),
    )


def _latency(histogram: LatencyHistogram) -> Latency:
    def in_ms(seconds: float) -> float:
        return round(seconds * 1000, 3)

    return Latency(
        count=histogram.count(),
        p50_ms=in_ms(histogram.quantile_s(0.5)),
        p90_ms=in_ms(histogram.quantile_s(0.9)),
        p99_ms=in_ms(histogram.quantile_s(0.99)),
        max_ms=in_ms(histogram.highest_s),
    )
