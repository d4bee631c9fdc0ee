"""What a run of load has found: frozen data that goes to JSON and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Latency:
    """Latencies of answered requests, in milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """One scenario's counts.

    sent:                every request that came to an end: ok + failed + unanswered.
    unanswered:          websocket messages whose socket ended properly before their echo.
    by_version:          ok answers by the version that gave them.
    latency:             from the time a request was due (it shows what users of a stalled
                         service wait for); `service_time`: from the time it was sent.
    connections_opened:  connections, websockets included.
    connections_retired: ended as the server asked: `Connection: close`, GOAWAY.
    connections_closed_idle: found closed by the server before anything was written on them.
    websocket_ends:      how websockets ended, e.g. {"close frame 1001": 3}.
    failed_by_kind:      failures by kind, e.g. {"reset": 2}.
    """

    name: str
    sent: int
    ok: int
    failed: int
    unanswered: int
    by_version: Mapping[str, int]
    latency: Latency
    service_time: Latency
    connections_opened: int
    connections_retired: int
    connections_closed_idle: int
    websocket_ends: Mapping[str, int]
    failed_by_kind: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """The time between two marks. A request belongs to the phase in which it ended.

    started_at: seconds since the epoch; seconds: how long the phase was.
    """

    name: str
    started_at: float
    seconds: float
    scenarios: tuple[ScenarioReport, ...]

    @property
    def sent(self) -> int:
        return sum(scenario.sent for scenario in self.scenarios)

    @property
    def ok(self) -> int:
        return sum(scenario.ok for scenario in self.scenarios)

    @property
    def failed(self) -> int:
        return sum(scenario.failed for scenario in self.scenarios)

    def scenario(self, name: str) -> ScenarioReport:
        """Raises: KeyError."""
        return next((s for s in self.scenarios if s.name == name), None) or _missing(name)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request: when (seconds since the epoch), of which scenario, what kind, what
    was seen, and where (the connection and the request's place on it)."""

    at: float
    scenario: str
    kind: str
    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run: the total, its phases, and the first 20 failures of each scenario."""

    total: PhaseReport
    phases: tuple[PhaseReport, ...]
    failures: tuple[Failure, ...]
    cpu_s: float

    @property
    def sent(self) -> int:
        return self.total.sent

    @property
    def ok(self) -> int:
        return self.total.ok

    @property
    def failed(self) -> int:
        return self.total.failed

    def scenario(self, name: str) -> ScenarioReport:
        """The total of one scenario. Raises: KeyError."""
        return self.total.scenario(name)

    def phase(self, name: str) -> PhaseReport:
        """The last phase of that name. Raises: KeyError."""
        found = [phase for phase in self.phases if phase.name == name]
        return found[-1] if found else _missing(name)

    def to_json(self) -> str:
        """One line of JSON; `report_from` reads it."""
        counts = {"sent": self.sent, "ok": self.ok, "failed": self.failed}
        return json.dumps({"kind": "report", **counts, **asdict(self)})


def report_from(content: Mapping[str, Any]) -> Report:
    """The report of what `Report.to_json` wrote, already parsed."""
    return Report(
        total=phase_from(content["total"]),
        phases=tuple(phase_from(phase) for phase in content["phases"]),
        failures=tuple(Failure(**failure) for failure in content["failures"]),
        cpu_s=content["cpu_s"],
    )


def phase_from(content: Mapping[str, Any]) -> PhaseReport:
    """The phase of its JSON content."""
    return PhaseReport(
        name=content["name"],
        started_at=content["started_at"],
        seconds=content["seconds"],
        scenarios=tuple(_scenario_from(scenario) for scenario in content["scenarios"]),
    )


def _scenario_from(content: Mapping[str, Any]) -> ScenarioReport:
    latencies = {key: Latency(**content[key]) for key in ("latency", "service_time")}
    return ScenarioReport(**{**content, **latencies})


def _missing(name: str) -> Any:
    raise KeyError(name)
