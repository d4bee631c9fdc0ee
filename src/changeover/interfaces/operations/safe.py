"""No plan runs that could drop a request, whoever wrote its strategy."""

from changeover.domain.plan import Plan
from changeover.execution.errors import PlanUnsafe
from changeover.planning.safety import violations


def proved(plan: Plan) -> Plan:
    """`plan` itself. Raises: PlanUnsafe with every violation."""
    if found := violations(plan):
        listed = "\n".join(f"  - {violation}" for violation in found)
        raise PlanUnsafe(
            f"the plan of strategy `{plan.strategy}` could hurt users and is refused:\n{listed}",
            hint="change the strategy's options; `changeover plan` shows the steps",
        )
    return plan
