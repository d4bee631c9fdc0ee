"""A full second set beside the first, looked at before any user, and one switch."""

from dataclasses import dataclass

from changeover.domain.gates import Gate
from changeover.domain.plan import Change, Plan
from changeover.domain.route import Match, PortMatch
from changeover.domain.steps import Step
from changeover.planning.moves import (
    PREVIEW_HEADER,
    PREVIEW_VALUE,
    add,
    approve,
    bake,
    check_preview,
    checks,
    first_deployment,
    header_match,
    retire,
    route,
    stable_version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreenOptions:
    """How all users go from one full set to another at once.

    approval:       whether a person looks at the preview and approves before users are switched.
    watch_s:        seconds after the switch during which `gates` are judged.
    gates:          rules that the candidate must keep after the switch.
    extend_s:       most seconds that the watch goes on while its verdict is inconclusive; then a
                    person is asked.
    keep_s:         seconds that the old set is kept ready after the watch, so that going back is
                    one switch.
    preview_header: header that reaches the candidate before users do.
    preview_value:  value of that header.
    preview_port:   extra port of the proxy that reaches the candidate instead of the header;
                    0 uses the header.
    """

    approval: bool = False
    watch_s: float = 0.0
    gates: tuple[Gate, ...] = ()
    extend_s: float = 0.0
    keep_s: float = 300.0
    preview_header: str = PREVIEW_HEADER
    preview_value: str = PREVIEW_VALUE
    preview_port: int = 0

    def __post_init__(self) -> None:
        bake(self.watch_s, self.gates, extend_s=self.extend_s)
        bake(self.keep_s)
        check_preview(self.preview_header, self.preview_value)
        if not 0 <= self.preview_port <= 65535:
            raise ValueError(f"preview_port must be 1 to 65535, not {self.preview_port}")


def blue_green(change: Change, options: BlueGreenOptions) -> Plan:
    """Start a full second set, preview it, switch every user at once, keep the old set ready.

    Raises ValueError when the candidate serves already.
    """
    if change.stable is None:
        return Plan(change=change, strategy="blue_green", steps=tuple(first_deployment(change)))
    old, new = stable_version(change), range(change.replicas)
    steps: list[Step] = add(change, new)
    steps += route(
        change, candidate=new, stable=change.stable_slots, weight=0, preview=_match(change, options)
    )
    steps += checks(change, change.checks)
    if options.approval:
        steps += approve(f"switch every user of {change.service.name} from {old} to the preview?")
    steps += route(change, candidate=new, stable=())
    steps += bake(options.watch_s, options.gates, extend_s=options.extend_s, purpose="watch")
    steps += bake(options.keep_s, purpose="keep the old set ready")
    steps += retire(change, change.stable_slots)
    return Plan(change=change, strategy="blue_green", steps=tuple(steps))


def _match(change: Change, options: BlueGreenOptions) -> Match:
    if options.preview_port:
        return PortMatch(port=options.preview_port, version=change.candidate.version)
    return header_match(change, options.preview_header, options.preview_value)
