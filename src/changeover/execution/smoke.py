"""Smoke checks against one version, through the real proxy."""

from functools import partial

from changeover.domain.checks import Check
from changeover.domain.release import Version
from changeover.execution.doing import Doing
from changeover.execution.errors import CheckFailed


async def run_checks(doing: Doing, version: Version, checks: tuple[Check, ...]) -> str:
    """Run every check, one after the other. Raises: CheckFailed with what was seen."""
    for check in checks:
        doing.check()
        passed, seen = await doing.retried(
            partial(attempt, doing, version, check), f"running check `{check.name}`"
        )
        if not passed:
            raise CheckFailed(
                f"check `{check.name}` failed on {version}: {seen}",
                hint=f"`changeover logs --version {version}` shows what the replicas said",
            )
    names = ", ".join(c.name for c in checks)
    return f"passed: {names}"


async def attempt(doing: Doing, version: Version, check: Check) -> tuple[bool, str]:
    """Whether `check` passed within its attempts, and what was seen last.

    Raises: CheckFailed when no request can reach `version`; Retryable when the proxy's agent
    does not answer.
    """
    url, header = await _where(doing, version)
    return await doing.hands.checker.check(
        check, front=doing.change.front, version=version, url=url, header=header
    )


async def _where(doing: Doing, version: Version) -> tuple[str, tuple[str, str] | None]:
    """How requests reach `version` now: by its preview, else with everybody."""
    front, router = doing.change.front, doing.hands.router
    route = (await router.observe(front.service)).route
    match = next((m for m in route.matches if m.version == version), None) if route else None
    if match is not None:
        return await router.preview_url(front, match)
    if route is None or set(route.weights) != {version}:
        raise CheckFailed(
            f"{version} cannot be checked: no preview leads to it and it has not all traffic",
            hint="`changeover status` shows the route that is in force",
        )
    return f"http://{front.host}:{front.port}", None
