"""A smoke check that asks over HTTP."""

from collections.abc import Callable

from changeover.adapters.checks.seen import Seen
from changeover.adapters.http import Response, get
from changeover.domain.checks import HttpCheck
from changeover.domain.text import harmless, one_line

_SEARCHED_BYTES = 1024 * 1024
_SHOWN_BYTES = 200


async def ask(
    check: HttpCheck, *, url: str, header: tuple[str, str] | None, mask: Callable[[str], str]
) -> Seen:
    """Ask once. `contains` is looked for in the first MiB of the body."""
    target = url.rstrip("/") + "/" + check.path.removeprefix("/")
    try:
        response = await get(
            target,
            headers=(header,) if header else (),
            timeout_s=check.timeout_s,
            body_limit_bytes=_SEARCHED_BYTES if check.contains else _SHOWN_BYTES,
        )
    except (OSError, ValueError) as error:
        return Seen(f"GET {target}: {one_line(str(error))}", passed=False)
    return _judged(check, response, target, mask)


def _judged(check: HttpCheck, response: Response, target: str, mask: Callable[[str], str]) -> Seen:
    said = f"GET {target} answered {response.status}"
    body = _start(response, mask)
    if response.status != check.status:
        return Seen(f"{said} instead of {check.status}; {body}", passed=False)
    if check.contains.encode() not in response.body_start:
        missing = one_line(check.contains)
        return Seen(f"{said} without {missing!r}; {body}", passed=False)
    return Seen(said, passed=True)


def _start(response: Response, mask: Callable[[str], str]) -> str:
    # Cut after masking: half a secret would not be found any more.
    text = one_line(mask(harmless(response.body_start)), limit=_SHOWN_BYTES)
    return f"its body starts with {text!r}" if text else "its body is empty"
