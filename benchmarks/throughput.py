"""Raw throughput through each proxy, closed loop, against the backend without a proxy."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backends import FastBackend
from benchmarks.processes import cpu_seconds, run_tool
from benchmarks.switcher import Peer, Stage, Switcher, free_ports

CONNECTIONS = 32
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class ThroughputFigures:
    """Requests a second, latency at that rate (milliseconds), the proxy's CPU time per request
    (microseconds, which does not suffer from neighbours on the machine as the rate does), and
    answers that were errors."""

    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    errors: int


def missing() -> str:
    """What is not installed, or ""."""
    return "" if shutil.which("wrk") else "wrk (apt-get install wrk)"


def measure_direct(directory: Path, *, seconds: int) -> ThroughputFigures:
    """The backend without a proxy."""
    port = free_ports(1)[0]
    backend = FastBackend(directory, port)
    try:
        backend.start()
        return _drive(f"http://127.0.0.1:{port}/", None, seconds=seconds)
    finally:
        backend.stop()


def measure(peer: Peer, directory: Path, *, seconds: int) -> ThroughputFigures:
    """One proxy, with one worker, in front of the backend."""
    ports = free_ports(2)
    backend = FastBackend(directory, ports[1])
    stage = Stage(directory, ports[0], {"blue": ports[1], "green": ports[1]})
    switcher = peer.make(stage)
    try:
        backend.start()
        switcher.start()
        return _drive(stage.url + "/", switcher, seconds=seconds)
    finally:
        switcher.stop()
        backend.stop()


def _drive(url: str, switcher: Switcher | None, *, seconds: int) -> ThroughputFigures:
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", "--latency"]
    run_tool([*wrk, "-d1s", url])
    pids = switcher.processes() if switcher is not None else []
    before_s = cpu_seconds(pids)
    said = run_tool([*wrk, f"-d{seconds}s", url])
    used_s = cpu_seconds(pids) - before_s
    requests = int(_find(r"(\d+) requests in", said))
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return ThroughputFigures(
        rps=float(_find(r"Requests/sec:\s+([\d.]+)", said)),
        p50_ms=_milliseconds(_find(r"50%\s+(\S+)", said)),
        p99_ms=_milliseconds(_find(r"99%\s+(\S+)", said)),
        cpu_us=used_s / max(1, requests) * 1e6,
        errors=int(errors.group(1)) if errors else 0,
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk said something unexpected:\n{text}")
    return found.group(1)


def _milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s)", text)
    if found is None:
        raise RuntimeError(f"wrk gave a strange time: {text}")
    return float(found.group(1)) * UNITS_MS[found.group(2)]
