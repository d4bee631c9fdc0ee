"""A smoke check by a command of the user's."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from changeover.adapters.checks.group import Ended, run_in_group
from changeover.adapters.checks.seen import Seen
from changeover.domain.checks import CommandCheck
from changeover.domain.release import Version
from changeover.domain.service import ServiceId
from changeover.domain.text import harmless, last_lines

_WHERE_THINGS_ARE = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR")
_LANGUAGE = ("LANG", "LANGUAGE", "TZ")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_PASSED_ON = frozenset((*_WHERE_THINGS_ARE, *_LANGUAGE, *_CERTIFICATES))


def environment_for(
    deployers: Mapping[str, str],
    *,
    service: ServiceId,
    version: Version,
    url: str,
    header: tuple[str, str] | None,
) -> dict[str, str]:
    """The variables a command finds: a few of the deployer's (where programs, home and
    certificates are, language, time zone; none that could hold a secret), and the version under
    test as `CommandCheck` describes it."""
    passed_on = {
        name: value
        for name, value in deployers.items()
        if name in _PASSED_ON or name.startswith("LC_")
    }
    return passed_on | {
        "CHANGEOVER_URL": url,
        "CHANGEOVER_HEADER": ": ".join(header) if header else "",
        "CHANGEOVER_SERVICE": service.name,
        "CHANGEOVER_ENVIRONMENT": service.environment,
        "CHANGEOVER_VERSION": version,
    }


async def run(
    check: CommandCheck,
    *,
    environment: Mapping[str, str],
    cwd: Path | None,
    mask: Callable[[str], str],
) -> Seen:
    """Run the command once."""
    program = check.command[0]
    try:
        ended = await run_in_group(
            check.command, environment=environment, cwd=cwd, timeout_s=check.timeout_s
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return Seen(f"{program!r} cannot be started: {why}", passed=False)
    # Escapes go first, or one in the middle of a secret would hide it from the mask.
    said = last_lines(mask(harmless(ended.output)))
    what = f"{program!r} {_ending(ended, check.timeout_s)}"
    if ended.code == 0:
        return Seen(what, passed=True)
    what += f"; its last lines: {said}" if said else " and said nothing"
    return Seen(what, passed=False)


def _ending(ended: Ended, timeout_s: float) -> str:
    if ended.code is None:
        return f"did not end within {timeout_s:g} s and was stopped"
    if ended.code >= 0:
        return f"exited with {ended.code}"
    try:
        return f"was ended by {signal.Signals(-ended.code).name}"
    except ValueError:
        return f"was ended by signal {-ended.code}"
