"""Replace replicas batch by batch; the first batch gates the rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

from changeover.domain.gates import Gate
from changeover.domain.plan import Change, Plan
from changeover.domain.steps import Step
from changeover.planning.moves import (
    PREVIEW_HEADER,
    PREVIEW_VALUE,
    bake,
    check_preview,
    exchange,
    first_deployment,
    header_match,
    stable_version,
    wants_preview,
)
from changeover.planning.shares import Batch, count_of, in_place, surging


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingOptions:
    """How replicas are replaced batch by batch.

    batch:          replicas replaced at a time: a count ("2") or a percent of the replicas
                    ("25%", rounded up). In place it is limited so that `min_ready` always serve.
    surge:          most extra replicas at once: a count or a percent; "" means one batch. A batch
                    is never larger than this.
    in_place:       stop old replicas before new ones are started on their room, for hosts with no
                    spare room. Needs `min_ready` below the number of replicas that serve.
    first_bake_s:   seconds that the first batch serves before the rest follows.
    gates:          rules that the first batch must keep while it bakes.
    extend_s:       most seconds that the first bake goes on while its verdict is inconclusive;
                    then a person is asked.
    preview_header: header by which smoke checks reach the first batch before users do.
    preview_value:  value of that header.
    """

    batch: str = "1"
    surge: str = ""
    in_place: bool = False
    first_bake_s: float = 0.0
    gates: tuple[Gate, ...] = ()
    extend_s: float = 0.0
    preview_header: str = PREVIEW_HEADER
    preview_value: str = PREVIEW_VALUE

    def __post_init__(self) -> None:
        count_of(self.batch, 1)
        if self.surge:
            count_of(self.surge, 1)
        if self.in_place and self.surge:
            raise ValueError("in_place starts no extra replicas: leave out surge")
        bake(self.first_bake_s, self.gates, extend_s=self.extend_s)
        check_preview(self.preview_header, self.preview_value)


def rolling(change: Change, options: RollingOptions) -> Plan:
    """Replace replicas batch by batch; every member carries the same share of the requests.

    Smoke checks run against the first batch before it meets users. Raises ValueError when the
    candidate serves already, or when replacing in place has no replica to stop first.
    """
    if change.stable is None:
        return Plan(change=change, strategy="rolling", steps=tuple(first_deployment(change)))
    stable_version(change)
    preview = None
    if wants_preview(change, options.gates):
        preview = header_match(change, options.preview_header, options.preview_value)
    watch = bake(options.first_bake_s, options.gates, extend_s=options.extend_s)
    steps: list[Step] = []
    taken, left, look = 0, change.stable_slots, change.checks
    for batch in _batches(change, options):
        steps += exchange(
            change, batch, taken=taken, left=left, preview=preview, look=look, watch=watch
        )
        taken, left = taken + batch.take_in, left[batch.leave_first + batch.leave_then :]
        preview, look, watch = None, (), []
    return Plan(change=change, strategy="rolling", steps=tuple(steps))


def _batches(change: Change, options: RollingOptions) -> Iterator[Batch]:
    stable, replicas = len(change.stable_slots), change.replicas
    size = count_of(options.batch, replicas)
    if options.in_place:
        return in_place(stable=stable, replicas=replicas, min_ready=change.min_ready, size=size)
    if options.surge:
        size = min(size, count_of(options.surge, replicas))
    return surging(stable=stable, replicas=replicas, sizes=repeat(size))
