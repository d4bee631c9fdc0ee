"""Latencies, reports and tables say what was measured."""

import json

import pytest

from changeover.testing.load.exchange import Exchange
from changeover.testing.load.latency import LatencyHistogram
from changeover.testing.load.pace import Budget
from changeover.testing.load.recorder import FAILURES_KEPT, Recorder
from changeover.testing.load.render import table
from changeover.testing.load.report import report_from


@pytest.mark.parametrize("ratio", [0.5, 0.9, 0.99])
def test_a_quantile_is_exact_to_a_percent(ratio: float) -> None:
    histogram = LatencyHistogram()
    for number in range(1, 10_001):
        histogram.add(number / 1000)
    assert histogram.quantile_s(ratio) == pytest.approx(10 * ratio, rel=0.01)
    assert histogram.highest_s == 10.0


def test_merged_histograms_are_as_one() -> None:
    low, high, both = LatencyHistogram(), LatencyHistogram(), LatencyHistogram()
    for histogram, seconds in ((low, 0.001), (high, 1.0)):
        histogram.add(seconds)
        both.add(seconds)
    low.merge(high)
    assert low == both


def test_no_latency_is_zero() -> None:
    assert LatencyHistogram().quantile_s(0.99) == 0.0


def test_a_budget_ends_and_says_so_once_it_is_spent() -> None:
    spent: list[str] = []
    budget = Budget(2, on_spent=lambda: spent.append("spent"))
    assert [budget.take() for _ in range(3)] == [True, True, False]
    assert spent == ["spent"]


def exchange(number: int = 0) -> Exchange:
    return Exchange(number, due_s=1.0, deadline_s=2.0)


def test_a_request_without_an_end_is_a_failure() -> None:
    recorder = Recorder()
    tally = recorder.tally("get")
    tally.issued += 2
    tally.ok(exchange(), "v1")
    report = recorder.report(cpu_s=0.0)
    assert (report.sent, report.ok, report.failed) == (2, 1, 1)
    assert report.scenario("get").failed_by_kind == {"unaccounted": 1}


def test_only_the_first_failures_are_kept_word_for_word() -> None:
    recorder = Recorder()
    tally = recorder.tally("get")
    for number in range(FAILURES_KEPT + 5):
        tally.failed(exchange(number), "reset", f"number {number}", "here")
    report = recorder.report(cpu_s=0.0)
    assert report.failed == FAILURES_KEPT + 5
    assert [failure.what for failure in report.failures] == [
        f"number {number}" for number in range(FAILURES_KEPT)
    ]


def test_a_report_survives_json_and_its_table_shows_phases_and_failures() -> None:
    recorder = Recorder()
    tally = recorder.tally("get")
    tally.ok(exchange(), "v1")
    recorder.mark("deploy v2")
    tally.ok(exchange(), "v2")
    tally.failed(exchange(), "reset", "reset after nothing", "a -> b")
    report = recorder.report(cpu_s=1.5)
    assert report_from(json.loads(report.to_json())) == report
    text = table(report)
    assert "deploy v2" in text
    assert "reset after nothing (a -> b)" in text
    assert [line.split()[2:4] for line in text.splitlines() if line.startswith("total")] == [
        ["3", "1"]
    ]
