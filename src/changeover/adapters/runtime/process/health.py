"""One health check over HTTP/1.1."""

from changeover.adapters.http import get
from changeover.domain.checks import Health
from changeover.domain.replica import Endpoint
from changeover.domain.text import one_line
from changeover.execution.ports import Readiness


async def ask(endpoint: Endpoint, health: Health) -> Readiness:
    """GET `health.path`; ready when the answer's status is 200 to 399. Its body is not read."""
    try:
        answer = await get(
            f"http://{endpoint}{health.path}",
            headers=[("User-Agent", "changeover-health")],
            timeout_s=health.timeout_s,
            body_limit_bytes=0,
        )
    except ConnectionRefusedError:
        return Readiness(ready=False, why="connection refused")
    except (OSError, ValueError) as error:
        return Readiness(ready=False, why=one_line(str(error)))
    return Readiness(ready=200 <= answer.status < 400, why=f"HTTP {answer.status}")
