import asyncio
import io
import json

import pytest

from changeover.adapters.notify.json_lines import JsonLines
from changeover.adapters.notify.plain import PlainLines
from changeover.adapters.notify.words import counted, duration, percent
from changeover.domain.event import Event, EventKind


def event(kind: EventKind, text: str = "", at: float = 0.0, /, **data: object) -> Event:
    return Event(kind=kind, run_id="r1", at=at, text=text, data=data, id=7)


def plain(*events: Event) -> list[str]:
    out = io.StringIO()

    async def send() -> None:
        notifier = PlainLines(out)
        for one in events:
            await notifier.send(one)

    asyncio.run(send())
    return out.getvalue().splitlines()


def test_json_lines_have_every_documented_key_on_one_ascii_line() -> None:
    out = io.StringIO()
    told = event(EventKind.WARNING, "진행\n\x1b[2J", 12.5, why={"a": [1, None]})
    asyncio.run(JsonLines(out).send(told))
    line = out.getvalue()
    assert line.isascii()
    assert line.index("\n") == len(line) - 1
    assert "\x1b" not in line
    assert json.loads(line) == {
        "id": 7,
        "at": 12.5,
        "kind": "warning",
        "run": "r1",
        "text": "진행\n\x1b[2J",
        "data": {"why": {"a": [1, None]}},
    }


def test_plain_lines_tell_the_steps_with_place_and_time() -> None:
    lines = plain(
        event(EventKind.RUN_CREATED, "rolling of shop", 1_800_000_000),
        event(EventKind.RUN_CLAIMED, "claimed by ci-3"),
        event(EventKind.STEP_STARTED, phase="forward", index=0, total=2, sentence="start v2"),
        event(EventKind.STEP_FINISHED, phase="forward", index=0, outcome="3 started", took_s=61),
        event(EventKind.STEP_STARTED, "wait", phase="forward", index=1, total=2),
        event(EventKind.STEP_FAILED, phase="forward", index=1, error="v2-0 exited with 1"),
        event(EventKind.ABORTING, "going back to v1", cause="not ready"),
        event(EventKind.STEP_STARTED, phase="back", index=0, total=1, sentence="stop v2"),
        event(EventKind.STEP_FINISHED, phase="back", index=0),
        event(EventKind.ABORTED, "v1 serves all"),
        event(EventKind.WARNING, "disk is nearly full"),
    )
    assert lines[0] == "2027-01-15T08:00:00Z rolling of shop"
    assert [line.split("Z ", 1)[1] for line in lines[1:]] == [
        "claimed by ci-3",
        "[1/2] start v2",
        "[1/2] done in 1:01 min: 3 started",
        "[2/2] wait",
        "[2/2] failed: v2-0 exited with 1",
        "going back to v1",
        "[back 1/1] stop v2",
        "[back 1/1] done",
        "v1 serves all",
        "warning: disk is nearly full",
    ]


def progress(at: float) -> Event:
    seen = {
        "v1": {"weight": 9000, "ready": 3, "requests": 1200, "errors": 1},
        "v2": {"weight": 1000},
    }
    data = {"phase": "forward", "index": 0, "elapsed_s": at, "of_s": 60, "versions": seen}
    return event(EventKind.STEP_PROGRESS, "", at, **data)


def test_plain_progress_comes_at_most_every_ten_seconds() -> None:
    start = event(EventKind.STEP_STARTED, "bake", 0.0, phase="forward", index=0, total=1)
    lines = plain(start, *(progress(n / 4) for n in range(1, 121)))
    assert len(lines) == 4
    assert lines[1].endswith(
        "[1/1] 10 s of 1:00 min; v1 90 %, 3 ready, 1,200 requests, 1 error; v2 10 %"
    )


def test_plain_progress_goes_on_after_the_clock_was_set_back() -> None:
    assert len(plain(progress(1000.0), progress(1001.0), progress(5.0), progress(6.0))) == 2


def test_a_gate_that_says_the_same_again_is_told_rarely_and_a_change_at_once() -> None:
    def verdict(at: float, judgement: str) -> Event:
        return event(EventKind.GATE_VERDICT, "", at, gate="latency", judgement=judgement, why="w")

    lines = plain(*(verdict(n, "inconclusive") for n in range(9)), verdict(9.0, "failed"))
    assert [line.split("Z ")[1] for line in lines] == [
        "gate latency inconclusive: w",
        "gate latency failed: w",
    ]


def test_plain_lines_are_harmless_and_fit_the_encoding() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    asyncio.run(PlainLines(out).send(event(EventKind.HELD, "v1 → v2\n\x1b[2Jheld")))
    assert raw.getvalue() == b"1970-01-01T00:00:00Z v1 ? v2 held\n"


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_can_be_told_with_no_data_at_all(kind: EventKind) -> None:
    lines = plain(event(kind))
    assert len(lines) == (kind is not EventKind.STEP_PROGRESS)


def test_figures_read_well() -> None:
    seconds = (-1, 0.04, 9.94, 9.96, 59.4, 59.6, 102, 3600, 7384)
    said = ["0.0 s", "0.0 s", "9.9 s", "10 s", "59 s", "1:00 min", "1:42 min", "1:00:00 h"]
    assert [duration(s) for s in seconds] == [*said, "2:03:04 h"]
    ratios = (0, 0.00001, 0.0025, 0.05, 1 / 3, 0.5, 0.99999, 1)
    shown = ["0 %", "< 0.01 %", "0.25 %", "5 %", "33.3 %", "50 %", "> 99.9 %", "100 %"]
    assert [percent(r) for r in ratios] == shown
    assert [counted(n, "error") for n in (0, 1, 12034)] == ["0 errors", "1 error", "12,034 errors"]
