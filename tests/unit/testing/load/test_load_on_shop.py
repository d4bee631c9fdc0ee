"""Load on the real example shop: steady, stopping, failing, killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import psutil
import pytest

from changeover.testing.load import HttpScenario, LoadProcess, LoadSpec, mixed
from changeover.testing.load.process import spec_to_json
from changeover.testing.load.trace import last_answer, read_trace
from support.replicas import until
from support.running_shop import RunningShop

Start = Callable[..., RunningShop]
pytestmark = pytest.mark.slow


def all_traffic(url: str, **more: object) -> LoadSpec:
    scenarios = mixed(close_rps=20, websockets=3, websocket_interval_s=0.05)
    return LoadSpec(url=url, scenarios=scenarios, **{"seconds": 60, **more})  # type: ignore[arg-type]


def test_a_steady_shop_answers_everything(start_shop: Start) -> None:
    with LoadProcess(all_traffic(start_shop("v1").url, seconds=2)) as load:
        report = load.wait()
    assert report.failed == 0
    for scenario in report.total.scenarios:
        assert scenario.ok == scenario.sent > 5
        assert set(scenario.by_version) == {"v1"}
    assert report.scenario("websocket").websocket_ends == {"closed by us": 3}


def flows(load: LoadProcess) -> bool:
    """Every kind of traffic has been answered, and all websockets are open."""
    scenarios = load.live.get("scenarios", {})
    answered = all(scenario["ok"] for scenario in scenarios.values())
    return bool(scenarios) and answered and scenarios["websocket"]["connections_opened"] == 3


def failed(load: LoadProcess) -> set[str]:
    """The kinds of failures so far."""
    scenarios = load.live["scenarios"].values()
    return {kind for scenario in scenarios for kind in scenario["failed_by_kind"]}


def test_a_shop_that_is_stopped_cuts_nothing(start_shop: Start, tmp_path: Path) -> None:
    shop, trace = start_shop("v1"), tmp_path / "trace.csv"
    with LoadProcess(all_traffic(shop.url, trace=str(trace))) as load:
        until(lambda: flows(load))
        stopping = time.time()
        assert shop.terminate() == 0
        gone = time.time()
        until(lambda: failed(load) >= {"connect", "handshake"})
    kinds = Counter[str]()
    for scenario in load.report.total.scenarios:
        kinds.update(scenario.failed_by_kind)
    assert set(kinds) - {"reset"} == {"connect", "handshake"}
    # Who connects in the instant before the port is closed is reset by the system, before the
    # shop has seen anything of it.
    resets = [failure for failure in load.report.failures if failure.kind == "reset"]
    assert len(resets) == kinds["reset"]
    for failure in resets:
        assert failure.what == "reset after nothing of the answer"
        assert failure.where.endswith(", request 1 of the connection")
        assert failure.at >= stopping
    assert all(line.sent <= gone for line in read_trace(trace) if line.outcome == "reset")
    assert load.report.scenario("websocket").websocket_ends == {"close frame 1001": 3}


def test_a_shop_that_is_killed_is_seen(start_shop: Start) -> None:
    shop = start_shop("v1")
    with LoadProcess(all_traffic(shop.url)) as load:
        until(lambda: flows(load))
        shop.process.kill()
        until(lambda: "connect" in failed(load))
    assert load.report.scenario("slow").failed_by_kind.keys() & {"reset", "closed"}
    assert load.report.scenario("websocket").websocket_ends == {"cut": 3}


def test_errors_of_a_release_are_counted_exactly(start_shop: Start) -> None:
    shop = start_shop("broken-errors", error_ratio=0.25)
    get = HttpScenario(name="get", path="/products", rate_rps=200)
    spec = LoadSpec(url=shop.url, scenarios=(get,), seconds=60, max_requests=200)
    with LoadProcess(spec) as load:
        report = load.wait()
    assert report.scenario("get").failed_by_kind == {"status 500": 50}
    assert report.failures[0].what.startswith("status 500")


def test_phases_part_the_counts_and_the_trace_has_every_request(
    start_shop: Start, tmp_path: Path
) -> None:
    old, trace = start_shop("v1"), tmp_path / "trace.csv"
    with LoadProcess(all_traffic(old.url, trace=str(trace))) as load:
        until(lambda: flows(load))
        first = load.mark("second")
        until(lambda: load.live["phase"] == "second" and load.live["ok"])
    report = load.report
    assert [phase.name for phase in report.phases] == ["start", "second"]
    assert report.phase("start").sent == first.sent > 0
    assert sum(phase.sent for phase in report.phases) == report.sent
    lines = list(read_trace(trace))
    assert len(lines) == report.sent
    last = last_answer(trace, "v1")
    assert last is not None
    assert last.ended == max(line.ended for line in lines if line.version == "v1")
    assert last_answer(trace, "v2") is None


def test_the_command_says_by_its_exit_code_whether_something_was_lost(start_shop: Start) -> None:
    shop = start_shop("v1")
    command = [sys.executable, "-m", "changeover.testing.load", "--url", shop.url]
    command += ["--seconds", "0.5", "--table"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    whole = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert whole.returncode == 0
    assert "v1" in whole.stdout
    command += ["--get-path", "/none"]
    lost = subprocess.run(command, capture_output=True, check=False, env=env)
    assert lost.returncode == 1


def test_signals_begin_phases_and_end_the_load(start_shop: Start) -> None:
    command = [sys.executable, "-m", "changeover.testing.load", "--url", start_shop("v1").url]
    command += ["--seconds", "60", "--live"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as load:
        assert load.stdout is not None
        lines = map(json.loads, load.stdout)
        assert next(lines)["kind"] == "started"
        load.send_signal(signal.SIGUSR1)
        before = takewhile(lambda line: line["kind"] != "phase", lines)
        assert {line["kind"] for line in before} <= {"live"}
        assert next(lines)["kind"] == "live"
        load.send_signal(signal.SIGTERM)
        *_, report = lines
        assert load.wait(timeout=30) == 0
    assert [phase["name"] for phase in report["phases"]] == ["start", "mark 1"]
    assert report["failed"] == 0


def test_a_load_that_cannot_start_says_so_and_leaves_no_process(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "missing" / "trace.csv")
    before = set(psutil.Process().children())
    with pytest.raises(RuntimeError, match="did not start"):
        LoadProcess(all_traffic("http://127.0.0.1:9", trace=nowhere)).start()
    assert set(psutil.Process().children()) == before


def test_a_load_that_died_is_told_and_not_waited_for(start_shop: Start) -> None:
    load = LoadProcess(all_traffic(start_shop("v1").url)).start()
    (process,) = (p for p in psutil.Process().children() if "--live" in p.cmdline())
    process.kill()
    with pytest.raises(RuntimeError):
        load.mark("too late")
    with pytest.raises(RuntimeError, match="no report"):
        load.wait()


def test_load_ends_when_whoever_started_it_is_gone(start_shop: Start) -> None:
    spec = all_traffic(start_shop("v1").url)
    command = [sys.executable, "-m", "changeover.testing.load", "--spec-from-stdin"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        command,
        input=spec_to_json(spec) + "\n",
        capture_output=True,
        text=True,
        env=env,
        check=True,
    )
    assert json.loads(ended.stdout)["kind"] == "report"


def test_http2_without_its_package_says_what_to_install() -> None:
    script = "import sys; sys.modules['h2'] = None; from changeover.testing.load.cli import main; "
    script += "sys.exit(main(['--url', 'http://127.0.0.1:9', '--http2-rps', '1']))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, check=False
    )
    assert said.returncode == 2
    assert "changeover[testing]" in said.stderr
