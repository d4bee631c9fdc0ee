"""The checker of smoke checks."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from changeover.adapters.checks import command_check, http_check
from changeover.adapters.checks.seen import Seen
from changeover.domain.checks import Check, HttpCheck
from changeover.domain.release import Version
from changeover.domain.service import Front

Header = tuple[str, str] | None


class SmokeChecker:
    """Runs smoke checks from the machine that deploys. Implements `Checker`.

    mask:    takes secrets out of what is shown of answers and output.
    cwd:     where commands run; None is where the deployer is.
    environ: the deployer's variables, of which commands see a few.
    pause_s: seconds between two attempts.
    """

    def __init__(
        self,
        *,
        mask: Callable[[str], str] = str,
        cwd: Path | None = None,
        environ: Mapping[str, str] = os.environ,
        pause_s: float = 0.5,
    ) -> None:
        self._mask, self._cwd, self._environ, self._pause_s = mask, cwd, environ, pause_s

    async def check(
        self,
        check: Check,
        *,
        front: Front,
        version: Version,
        url: str,
        header: Header,
    ) -> tuple[bool, str]:
        """Run `check`, again after a failure up to `check.attempts` times in all; whether it
        passed, and a sentence with what was seen last."""
        ask = self._asking(check, front, version, url, header)
        attempt = 1
        while True:
            seen = await ask()
            if seen.passed or attempt >= check.attempts:
                return seen.passed, _sentence(check, seen, attempt)
            attempt += 1
            await asyncio.sleep(self._pause_s)

    def _asking(
        self, check: Check, front: Front, version: Version, url: str, header: Header
    ) -> Callable[[], Awaitable[Seen]]:
        """What makes one attempt."""
        if isinstance(check, HttpCheck):
            return partial(http_check.ask, check, url=url, header=header, mask=self._mask)
        environment = command_check.environment_for(
            self._environ, service=front.service, version=version, url=url, header=header
        )
        return partial(
            command_check.run, check, environment=environment, cwd=self._cwd, mask=self._mask
        )


def _sentence(check: Check, seen: Seen, attempts: int) -> str:
    outcome = "passed" if seen.passed else "failed"
    times = f" (attempt {attempts} of {check.attempts})" if check.attempts > 1 else ""
    return f"check {check.name!r} {outcome}{times}: {seen.what}"
