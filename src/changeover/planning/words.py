"""Parts of plans in plain words: slots, times, sizes, shares, routes, gates."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isinf

from changeover.domain.gates import CheckGate, ErrorRatioGate, Gate, LatencyGate, ReadinessGate
from changeover.domain.release import Version
from changeover.domain.replica import Slot
from changeover.domain.route import HeaderMatch, Match, Route


def listed(parts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def said(slots: Iterable[Slot]) -> str:
    """Slots in words, e.g. "slot 3" or "slots 0-2, 5"."""
    rising = sorted(set(slots))
    cuts = [i + 1 for i, (a, b) in enumerate(pairwise(rising)) if b != a + 1]
    runs = [rising[a:b] for a, b in pairwise([0, *cuts, len(rising)])]
    parts = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs if run]
    return f"slot{'' if len(rising) == 1 else 's'} {', '.join(parts)}"


def replicas(version: Version, slots: Sequence[Slot]) -> str:
    """ "1 replica of v2 (slot 0)"."""
    many = "replica" if len(slots) == 1 else "replicas"
    return f"{len(slots)} {many} of {version} ({said(slots)})"


def duration(seconds: float) -> str:
    """ "250 ms", "45 s", "5 min", "1 h 30 min"; the two largest units that matter."""
    if isinf(seconds):
        return "no limit"
    if 0 < seconds < 0.9995:
        return f"{max(1, round(seconds * 1000))} ms"
    if (tenths := round(seconds, 1)) < 60:
        return f"{tenths:g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def span(low_s: float, high_s: float) -> str:
    """A range: "5 min", "up to 1 s", "1 s to 1 min", "at least 5 min" without an upper end."""
    if isinf(high_s):
        return f"at least {duration(low_s)}" if low_s else "as long as it takes"
    if duration(low_s) == duration(high_s):
        return duration(high_s)
    return f"up to {duration(high_s)}" if low_s == 0 else f"{duration(low_s)} to {duration(high_s)}"


def memory(size_bytes: int) -> str:
    """ "512 MiB", "1.5 GiB"."""
    size, unit = float(size_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if round(size, 1) < 1024:
            break
        size, unit = size / 1024, larger
    return f"{round(size, 1):g} {unit}"


def percent(ratio: float) -> str:
    """ "2.5 %"; at most four digits."""
    return f"{ratio * 100:.4g} %"


def route_words(route: Route | None, *, first: Version = "") -> str:
    """Where requests go, e.g. "25 % of requests to v2 (slot 0) and 75 % to v1 (slots 0-2)"; the
    version `first` is named first, the others by rising weight."""
    if route is None:
        return "no requests anywhere"
    ordered = sorted(route.weights.items(), key=lambda item: (item[0] != first, item[1]))
    parts: list[str] = []
    for version, weight in ordered:
        share = "all" if len(ordered) == 1 else f"{weight / 100:g} %"
        what = " requests" if len(ordered) == 1 else " of requests" if not parts else ""
        slots = f" ({said(route.slots(version))})" if route.slots(version) else ""
        parts.append(f"{share}{what} to {version}{slots}")
    return listed(parts) + "".join(f"; {_match_words(match)}" for match in route.matches)


def _match_words(match: Match) -> str:
    if isinstance(match, HeaderMatch):
        return f"preview of {match.version} by header"
    return f"preview of {match.version} on port {match.port}"


def gate_words(gate: Gate, candidate: Version) -> str:
    """What a gate asks for, e.g. "errors of v2 stay below 1 %"."""
    match gate:
        case ReadinessGate():
            return f"{candidate} stays ready"
        case ErrorRatioGate():
            limits = [percent(gate.limit_ratio), *_times(gate.times_stable)]
            return f"errors of {candidate} stay below {listed(limits)}"
        case LatencyGate():
            limit = [f"{gate.limit_ms:g} ms"] if gate.limit_ms else []
            limits = [*limit, *_times(gate.times_stable)]
            name = f"p{gate.quantile * 100:g} of {candidate}"
            return f"{name} stays below {listed(limits)}" if limits else f"{name} is measured"
        case CheckGate():
            return f'the check "{gate.check.name}" passes'


def _times(times_stable: float) -> list[str]:
    return [f"{times_stable:g} times that of stable"] if times_stable else []
