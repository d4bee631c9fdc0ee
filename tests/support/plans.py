"""One plan of each shape that a strategy can make."""

from dataclasses import replace

from changeover.domain.checks import HttpCheck
from changeover.domain.gates import ErrorRatioGate, ReadinessGate
from changeover.domain.plan import Plan
from changeover.planning.retire import retirement
from changeover.planning.world import first_world, observed_of
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling
from support.changes import change, release

CHECK = HttpCheck(name="front page", path="/")
GATES = (ReadinessGate(), ErrorRatioGate(limit_ratio=0.02, min_requests=20))
CHECKED = replace(change(), checks=(CHECK,))

_SERVING = change(replicas=2)
_GONE = replace(_SERVING, candidate=release("v1"), replicas=0, min_ready=0)
RETIREMENT = retirement(_GONE, observed_of(first_world(_GONE), _GONE.service))

PLANS: dict[str, Plan] = {
    "first": rolling(change(stable=None), RollingOptions()),
    "rolling": rolling(change(), RollingOptions()),
    "rolling in batches": rolling(
        CHECKED, RollingOptions(batch="2", first_bake_s=3.0, gates=GATES)
    ),
    "rolling in place": rolling(change(spare=1), RollingOptions(in_place=True)),
    "rolling to fewer": rolling(change(replicas=2, slots=4), RollingOptions()),
    "blue_green": blue_green(CHECKED, BlueGreenOptions(watch_s=3.0, gates=GATES, keep_s=5.0)),
    "canary by weight": canary(
        CHECKED,
        CanaryOptions(
            steps=(CanaryStep(weight=10, bake_s=3.0), CanaryStep(weight=50, bake_s=3.0)),
            gates=GATES,
        ),
    ),
    "canary by servers": canary(
        change(), CanaryOptions(by="servers", steps=(CanaryStep(servers="1", bake_s=3.0),))
    ),
}
