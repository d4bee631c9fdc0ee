"""One plan of each shape that a strategy can make."""

from support.changes import change

from changeover.domain.checks import HttpCheck
from changeover.domain.gates import ErrorRatioGate, ReadinessGate
from changeover.domain.plan import Plan
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling
