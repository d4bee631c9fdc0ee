"""What a run can do to the world."""

from dataclasses import dataclass

from changeover.execution.ports import Checker, Clock, MetricSource, Router, Runtime


@dataclass(frozen=True, slots=True)
class Hands:
    """The adapters of one run; what changes something is bound to the run's claim."""

    runtime: Runtime
    router: Router
    metrics: MetricSource
    checker: Checker
    clock: Clock
