import asyncio
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from changeover.adapters.notify.canvas import Canvas
from changeover.adapters.notify.frame import frame
from changeover.adapters.notify.live import LiveProgress, suits
from changeover.adapters.notify.story import Story, after
from changeover.domain.event import Event, EventKind

STEPS = ["start 1 replica of v2", "bake for 60 s", "send all requests to v2"]


def event(kind: EventKind, text: str = "", at: float = 0.0, /, **data: object) -> Event:
    return Event(kind=kind, run_id="r1", at=at, text=text, data=data)


def story(*events: Event) -> Story:
    told = Story()
    for one in events:
        told = after(told, one)
    return told


def drawn(told: Story, *, now: float = 0.0, width: int = 80, **canvas: object) -> list[str]:
    """Lines as seen on a terminal so wide."""
    console = Console(file=io.StringIO(), width=width, height=50, color_system=None)
    console.print(frame(told, now=now, canvas=Canvas(width=width, **canvas)))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


CREATED = event(
    EventKind.RUN_CREATED,
    "a canary",
    service="shop",
    environment="production",
    to="v2",
    strategy="canary",
    steps=STEPS,
    **{"from": "v1"},
)


def started(index: int, at: float = 0.0, phase: str = "forward") -> Event:
    return event(EventKind.STEP_STARTED, "a step", at, phase=phase, index=index, total=3)


def finished(index: int, took_s: float, phase: str = "forward") -> Event:
    return event(EventKind.STEP_FINISHED, "", 0.0, phase=phase, index=index, took_s=took_s)


BAKING = (
    CREATED,
    started(0),
    finished(0, 1.2),
    started(1, 5.0),
    event(
        EventKind.STEP_PROGRESS,
        "",
        20.0,
        phase="forward",
        index=1,
        elapsed_s=15,
        of_s=60,
        detail="85 of 100 requests",
        versions={
            "v1": {"weight": 9000, "ready": 3, "requests": 12034, "errors": 0},
            "v2": {"weight": 1000, "ready": 1, "requests": 85, "errors": 2},
        },
    ),
    event(EventKind.GATE_VERDICT, gate="error_ratio", judgement="inconclusive", why="too few"),
)


def test_a_run_is_drawn_with_steps_time_left_shares_and_gates() -> None:
    assert drawn(story(*BAKING), now=21.0) == [
        "shop in production   v1 → v2   canary   run r1                              21 s",
        "",
        " ✓ start 1 replica of v2                                                   1.2 s",
        " ▶ bake for 60 s                                                16 s of 1:00 min",
        "   ━━━━━━━━━━━─────────────────────────────  44 s left",
        "   85 of 100 requests",
        " · send all requests to v2",
        "",
        "   v1  █████████░   90 %  3 ready   12,034 requests  0 errors",
        "   v2  █░░░░░░░░░   10 %  1 ready       85 requests  2 errors (2.4 %)",
        "   ? error ratio inconclusive: too few",
    ]


def test_a_narrow_terminal_keeps_the_figures_and_loses_the_bars() -> None:
    lines = drawn(story(*BAKING), now=21.0, width=40)
    assert lines[0] == "shop   v1 → v2                      21 s"
    assert "   v2    10 %      85 req  2 err (2.4 %)" in lines
    assert all(cell_len(line) <= 40 for line in lines)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert "\n".join(drawn(story(*BAKING), now=21.0, ascii_only=True)).isascii()


def test_progress_that_stops_coming_stops_the_clock_of_its_step() -> None:
    assert "18 s of 1:00 min" in drawn(story(*BAKING), now=500.0)[3]


def test_the_way_back_shows_what_failed_and_leaves_out_what_never_ran() -> None:
    lines = drawn(
        story(
            *BAKING,
            event(EventKind.STEP_FAILED, phase="forward", index=1, error="too many errors"),
            event(EventKind.ABORTING, "going back to v1", steps=["all to v1", "stop v2"]),
            started(0, phase="back"),
            finished(0, 0.4, phase="back"),
            event(EventKind.ABORTED, "v1 serves all requests", 30.0),
        ),
        now=99.0,
    )
    text = "\n".join(lines)
    assert lines[0].endswith("30 s")
    assert " ✗ bake for 60 s" in text
    assert "\n   too many errors\n" in text
    assert "send all requests to v2" not in text
    assert re.search(r"↩ the way back to v1\n ✓ all to v1 +0\.4 s\n · stop v2\n", text)
    assert lines[-1] == " ↩ v1 serves all requests"


def test_a_step_stopped_by_an_abort_is_not_shown_as_running() -> None:
    told = story(*BAKING, event(EventKind.ABORTING, "ann@ci-3 aborts"))
    assert [line.state for line in told.forward] == ["done", "stopped", "waiting"]


def test_who_watches_only_from_the_second_process_on_sees_the_whole_run() -> None:
    claimed = event(EventKind.RUN_CLAIMED, "by ann", 90.0, **CREATED.data, done=1)
    lines = drawn(story(claimed, started(1, 90.0)), now=90.0)
    assert re.match(r"shop in production +v1 → v2 +canary +run r1 +0\.0 s$", lines[0])
    assert lines[2] == f" ✓ {STEPS[0]}"
    assert lines[3].startswith(f" ▶ {STEPS[1]}")
    assert lines[4] == f" · {STEPS[2]}"


def test_a_resumed_run_goes_on_where_it_stood() -> None:
    paused = story(*BAKING, event(EventKind.PAUSED, "paused by SIGTERM", 30.0))
    assert drawn(paused)[-1] == " ‖ paused by SIGTERM"
    resumed = after(after(paused, event(EventKind.RUN_CLAIMED, "by ann", 90.0)), started(1, 90.0))
    assert (resumed.standing, resumed.ended_at) == (None, None)
    assert "paused" not in "\n".join(drawn(resumed, now=91.0))


def test_a_long_plan_is_shown_around_the_running_step() -> None:
    many = event(EventKind.RUN_CREATED, service="shop", steps=[f"step {n}" for n in range(40)])
    told = story(many, *(e for n in range(20) for e in (started(n), finished(n, 1))), started(20))
    lines = drawn(told, rows=14)
    assert len(lines) <= 14
    assert lines[2] == " ⋮ 16 before"
    assert any("▶ step 20" in line for line in lines)
    assert lines[-1] == " ⋮ 15 more to come"
    assert len(drawn(told)) == 42


def test_long_words_wrap_under_themselves() -> None:
    drift = event(EventKind.WORLD_DRIFTED, "a replica was killed by somebody and started again")
    assert drawn(story(CREATED, drift), width=40)[-2:] == [
        "   ! a replica was killed by somebody",
        "     and started again",
    ]


def test_foreign_text_cannot_repaint_the_terminal() -> None:
    hostile = event(EventKind.RUN_CREATED, service="\x1b[2Jshop", steps=["a\nb\x1b]0;t\x07[red]x"])
    text = "\n".join(drawn(story(hostile)))
    assert "\x1b" not in text
    assert " · a b[red]x" in text


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
_keys = "phase index total sentence kind elapsed_s of_s detail versions steps from to gate why"
_events = st.builds(
    Event,
    kind=st.sampled_from(EventKind),
    run_id=st.just("r1"),
    at=st.floats(0, 100),
    text=st.text(max_size=20),
    data=st.dictionaries(st.sampled_from(_keys.split()), _json | st.just("back"), max_size=6),
)


@given(st.lists(_events, max_size=8), st.integers(20, 130), st.integers(5, 40), st.booleans())
def test_any_events_can_be_drawn_on_any_terminal(
    events: list[Event], width: int, rows: int, ascii_only: bool
) -> None:
    for line in drawn(story(*events), width=width, rows=rows, ascii_only=ascii_only):
        assert cell_len(line) <= width


def test_the_last_drawing_stays_whole_and_the_cursor_comes_back() -> None:
    console = Console(
        file=io.StringIO(), force_terminal=True, width=60, height=8, color_system=None
    )

    async def run() -> None:
        with LiveProgress(console, footer="Ctrl-C pauses", now=lambda: 9.0) as live:
            for one in (*BAKING, event(EventKind.SUCCEEDED, "v2 serves all requests", 9.0)):
                await live.send(one)
            live.close()

    asyncio.run(run())
    shown = console.file.getvalue()
    last = shown[shown.rindex("shop in production") :]
    for words in (*STEPS, "90 %", "v2 serves all requests"):
        assert words in last
    assert "Ctrl-C pauses" not in last
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_an_error_in_the_run_leaves_the_terminal_usable() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60, height=20)

    async def fail(live: LiveProgress) -> None:
        await live.send(CREATED)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), LiveProgress(console) as live:
        asyncio.run(fail(live))
    assert console.file.getvalue().rstrip().endswith("\x1b[?25h")


def test_without_colours_no_colour_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    console.print(frame(story(*BAKING), now=21.0, canvas=Canvas(width=80)))
    codes = re.findall(r"\x1b\[([0-9;]*)m", console.file.getvalue())
    assert {part for code in codes for part in code.split(";")} <= {"", "0", "1", "2"}


def test_a_pipe_and_a_tiny_terminal_do_not_suit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert suits(Console(file=io.StringIO(), force_terminal=True, width=80, height=24))
    assert not suits(Console(file=io.StringIO(), width=80, height=24))
    assert not suits(Console(file=io.StringIO(), force_terminal=True, width=20, height=24))
    monkeypatch.setenv("TERM", "dumb")
    assert not suits(Console(file=io.StringIO(), force_terminal=True, width=80, height=24))
