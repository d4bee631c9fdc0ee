"""Steady load from a client that never retries, so that every lost request is seen.

    python -m changeover.testing.load --url http://127.0.0.1:8080 --seconds 30

A *scenario* is one kind of traffic at a constant rate: HTTP/1.1 with keep-alive or a connection
per request, HTTP/2, or websockets. Requests are due at fixed times whatever the server does
(open loop), and latency counts from the time a request was due. What counts as a failure is
written in `http1`, `http2` and `websockets`; there is no retry anywhere.

From Python: `run_load(spec)` inside an event loop, or `LoadProcess(spec)` in a process of its own.
"""

from changeover.testing.load.process import LoadProcess
from changeover.testing.load.report import Failure, Latency, PhaseReport, Report, ScenarioReport
from changeover.testing.load.run import LoadRun, run_load
from changeover.testing.load.spec import HttpScenario, LoadSpec, Pages, WebsocketScenario, mixed

__all__ = [
    "Failure",
    "HttpScenario",
    "Latency",
    "LoadProcess",
    "LoadRun",
    "LoadSpec",
    "Pages",
    "PhaseReport",
    "Report",
    "ScenarioReport",
    "WebsocketScenario",
    "mixed",
    "run_load",
]
