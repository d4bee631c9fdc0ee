"""The state of a run, as far as its events have told it. Pure: the same events give the same."""

from dataclasses import dataclass, replace
from typing import Literal

from changeover.adapters.notify.facts import (
    VersionFacts,
    lines_of,
    number_of,
    said,
    text_of,
    versions_of,
)
from changeover.domain.event import Event, EventKind
from changeover.domain.run import Phase

StepState = Literal["waiting", "running", "done", "failed", "stopped"]
_KEPT_NOTES = 3
_ENDINGS = (EventKind.SUCCEEDED, EventKind.ABORTED, EventKind.ENDED)
_STANDING = (*_ENDINGS, EventKind.PAUSED, EventKind.HELD, EventKind.STUCK)


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step. `note` is its outcome, its error, or what it is doing; took_s None until then."""

    sentence: str = ""
    state: StepState = "waiting"
    started_at: float | None = None
    took_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest word of the running step: `elapsed_s` of `of_s` were over at `at`."""

    at: float
    elapsed_s: float
    of_s: float | None


@dataclass(frozen=True, slots=True)
class GateLine:
    gate: str
    judgement: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`standing` is the kind of the event that says where the run stands as a whole, and
    `message` its sentence; None while it simply runs."""

    run_id: str = ""
    service: str = ""
    environment: str = ""
    old: str = ""
    new: str = ""
    strategy: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    forward: tuple[StepLine, ...] = ()
    back: tuple[StepLine, ...] = ()
    progress: Progress | None = None
    versions: tuple[VersionFacts, ...] = ()
    gates: tuple[GateLine, ...] = ()
    notes: tuple[str, ...] = ()
    standing: EventKind | None = None
    message: str = ""


def after(story: Story, event: Event) -> Story:
    """What is known once `event` has happened too."""
    story = replace(
        story,
        run_id=story.run_id or event.run_id,
        started_at=event.at if story.started_at is None else story.started_at,
    )
    match event.kind:
        case EventKind.RUN_CREATED:
            return _created(story, event)
        case EventKind.STEP_STARTED:
            return _started(story, event)
        case EventKind.STEP_PROGRESS:
            return _progressed(story, event)
        case EventKind.STEP_FINISHED:
            return _ended(story, event, "done", text_of(event, "outcome"))
        case EventKind.STEP_FAILED:
            return _ended(story, event, "failed", text_of(event, "error") or said(event))
        case EventKind.GATE_VERDICT:
            return _judged(story, event)
        case _:
            return _told(story, event)


def _created(story: Story, event: Event) -> Story:
    return replace(
        story,
        service=text_of(event, "service"),
        environment=text_of(event, "environment"),
        old=text_of(event, "from"),
        new=text_of(event, "to"),
        strategy=text_of(event, "strategy"),
        forward=tuple(StepLine(sentence) for sentence in lines_of(event, "steps")),
    )


def _claimed(story: Story, event: Event) -> Story:
    """Somebody goes on; whoever begins to watch only now is told what has been done already."""
    if story.ended_at is not None:
        story = replace(story, standing=None, ended_at=None)
    if story.forward:
        return story
    story, done = _created(story, event), int(number_of(event.data, "done") or 0)
    lines = [replace(line, state="done") for line in story.forward[:done]]
    return replace(story, forward=(*lines, *story.forward[done:]))


def _started(story: Story, event: Event) -> Story:
    line = _line(story, event)
    sentence = text_of(event, "sentence") or line.sentence or said(event)
    story = _with_line(story, event, StepLine(sentence, "running", event.at))
    bakes = text_of(event, "kind") == "bake"
    return replace(
        story,
        progress=None,
        gates=() if bakes else story.gates,
        standing=EventKind.ABORTING if _is_back(event) else None,
        message=story.message if _is_back(event) else "",
    )


def _progressed(story: Story, event: Event) -> Story:
    line = replace(_line(story, event), state="running", note=text_of(event, "detail"))
    elapsed_s = number_of(event.data, "elapsed_s")
    progress = None
    if elapsed_s is not None:
        progress = Progress(event.at, elapsed_s, number_of(event.data, "of_s"))
    story = replace(story, progress=progress, versions=versions_of(event) or story.versions)
    return _with_line(story, event, line)


def _ended(story: Story, event: Event, state: StepState, note: str) -> Story:
    line = _line(story, event)
    took_s = number_of(event.data, "took_s")
    if took_s is None and line.started_at is not None:
        took_s = max(event.at - line.started_at, 0.0)
    story = _with_line(story, event, replace(line, state=state, took_s=took_s, note=note))
    return replace(story, progress=None)


def _judged(story: Story, event: Event) -> Story:
    gate = text_of(event, "gate") or "gate"
    line = GateLine(gate, text_of(event, "judgement"), text_of(event, "why") or said(event))
    if any(known.gate == gate for known in story.gates):
        return replace(story, gates=tuple(line if g.gate == gate else g for g in story.gates))
    return replace(story, gates=(*story.gates, line))


def _told(story: Story, event: Event) -> Story:
    """Everything else: where the run stands as a whole, or a note in passing."""
    if event.kind in _STANDING or event.kind is EventKind.ABORTING:
        return _standing(story, event)
    if event.kind is EventKind.RUN_CLAIMED:
        return _claimed(story, event)
    return replace(story, notes=(*story.notes, said(event))[-_KEPT_NOTES:])


def _standing(story: Story, event: Event) -> Story:
    if event.kind is EventKind.ABORTING:
        story = _turned(story, event)
    return replace(
        story,
        progress=None,
        standing=event.kind,
        message=said(event),
        ended_at=event.at if event.kind in _STANDING else None,
    )


def _turned(story: Story, event: Event) -> Story:
    forward = tuple(
        replace(line, state="stopped") if line.state == "running" else line
        for line in story.forward
    )
    back = tuple(StepLine(sentence) for sentence in lines_of(event, "steps"))
    return replace(story, forward=forward, back=back)


def _is_back(event: Event) -> bool:
    return text_of(event, "phase") == Phase.BACK


def _index(event: Event) -> int:
    return int(max(number_of(event.data, "index") or 0, 0))


def _line(story: Story, event: Event) -> StepLine:
    lines, index = story.back if _is_back(event) else story.forward, _index(event)
    return lines[index] if index < len(lines) else StepLine()


def _with_line(story: Story, event: Event, line: StepLine) -> Story:
    lines = list(story.back if _is_back(event) else story.forward)
    index, total = _index(event), int(number_of(event.data, "total") or 0)
    lines += [StepLine()] * (max(index + 1, min(total, 10_000)) - len(lines))
    lines[index] = line
    if _is_back(event):
        return replace(story, back=tuple(lines))
    return replace(story, forward=tuple(lines))
