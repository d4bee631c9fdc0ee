"""Lines with a time, for logs of CI systems and files."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TextIO

from changeover.adapters.notify.facts import (
    VersionFacts,
    number_of,
    said,
    text_of,
    versions_of,
)
from changeover.adapters.notify.words import counted, duration, percent
from changeover.domain.event import Event, EventKind

_BETWEEN_S = 10.0


class PlainLines:
    """Writes to `out`, flushed after each line. Progress, and a gate that says the same again, at
    most every 10 seconds; what the encoding of `out` lacks becomes "?"."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._totals: dict[str, object] = {}
        self._spoken_at: dict[str, float] = {}

    async def send(self, event: Event) -> None:
        if event.kind is EventKind.STEP_STARTED:
            self._totals[text_of(event, "phase")] = event.data.get("total")
            self._spoken_at = {EventKind.STEP_PROGRESS: event.at}
        if not self._is_due(event):
            return
        total = self._totals.get(text_of(event, "phase"))
        known = replace(event, data={"total": total, **event.data})
        if words := _WORDS.get(event.kind, said)(known):
            self._write(event.at, words)

    def _is_due(self, event: Event) -> bool:
        if event.kind not in (EventKind.STEP_PROGRESS, EventKind.GATE_VERDICT):
            return True
        subject = event.kind + text_of(event, "gate") + text_of(event, "judgement")
        last_at = self._spoken_at.get(subject, float("-inf"))
        # Clocks jump: a time before the last one is a reason to speak too.
        if 0 <= event.at - last_at < _BETWEEN_S:
            return False
        self._spoken_at[subject] = event.at
        return True

    def _write(self, at: float, words: str) -> None:
        encoding = self._out.encoding or "utf-8"
        shown = words.encode(encoding, "replace").decode(encoding)
        stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._out.write(f"{stamp} {shown}\n")
        self._out.flush()


def _place(event: Event) -> str:
    """ "[2/7] ", or "[back 1/3] "."""
    index, total = number_of(event.data, "index"), number_of(event.data, "total")
    if index is None:
        return ""
    back = "back " if text_of(event, "phase") == "back" else ""
    return f"[{back}{index + 1:.0f}{'' if total is None else f'/{total:.0f}'}] "


def _started(event: Event) -> str:
    return _place(event) + (text_of(event, "sentence") or said(event))


def _finished(event: Event) -> str:
    took_s = number_of(event.data, "took_s")
    took = "" if took_s is None else f" in {duration(took_s)}"
    outcome = text_of(event, "outcome")
    return f"{_place(event)}done{took}{outcome and f': {outcome}'}"


def _failed(event: Event) -> str:
    return f"{_place(event)}failed: {text_of(event, 'error') or said(event)}"


def _progress(event: Event) -> str:
    elapsed_s, of_s = number_of(event.data, "elapsed_s"), number_of(event.data, "of_s")
    parts = []
    if elapsed_s is not None:
        parts.append(duration(elapsed_s) + (f" of {duration(of_s)}" if of_s else ""))
    if detail := text_of(event, "detail"):
        parts.append(detail)
    parts += [_version(facts) for facts in versions_of(event)]
    return f"{_place(event)}{'; '.join(parts)}" if parts else ""


def _version(facts: VersionFacts) -> str:
    parts = [facts.version]
    if facts.share is not None:
        parts.append(percent(facts.share))
    if facts.ready is not None:
        parts.append(f"{facts.ready} ready")
    if facts.requests is not None:
        parts.append(counted(facts.requests, "request"))
    if facts.errors is not None:
        parts.append(counted(facts.errors, "error"))
    return f"{parts[0]} {', '.join(parts[1:])}".rstrip()


def _verdict(event: Event) -> str:
    gate, judgement = text_of(event, "gate"), text_of(event, "judgement")
    if not gate or not judgement:
        return said(event)
    return f"gate {gate} {judgement}: {text_of(event, 'why') or said(event)}"


_WORDS: dict[EventKind, Callable[[Event], str]] = {
    EventKind.STEP_STARTED: _started,
    EventKind.STEP_FINISHED: _finished,
    EventKind.STEP_FAILED: _failed,
    EventKind.STEP_PROGRESS: _progress,
    EventKind.GATE_VERDICT: _verdict,
    EventKind.WARNING: lambda event: f"warning: {said(event)}",
}
