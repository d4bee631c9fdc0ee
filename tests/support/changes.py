"""Changes that tests ask strategies about."""

from changeover.domain.checks import Health
from changeover.domain.plan import Change
from changeover.domain.release import Release
from changeover.domain.service import Front, ServiceId

SHOP = ServiceId("production", "shop")
FRONT = Front(service=SHOP, host="127.0.0.1", port=8080)


def release(version: str) -> Release:
    digest = f"sha256:{version.encode().hex():0>64}"
    return Release(version=version, artifact=digest, command=("./serve", "--port", "{port}"))


def change(
    *, replicas: int = 3, stable: str | None = "v1", slots: int | None = None, spare: int = 0
) -> Change:
    """From `stable` (on `slots` replicas) to v2 (on `replicas`); `spare` may be missing."""
    had = 0 if stable is None else (replicas if slots is None else slots)
    return Change(
        front=FRONT,
        stable=release(stable) if stable else None,
        candidate=release("v2"),
        replicas=replicas,
        stable_slots=tuple(range(had)),
        min_ready=(min(replicas, had) - spare) if stable else replicas,
        health=Health(interval_s=0.1, timeout_s=0.5, successes=2, give_up_s=5.0),
        drain_s=5.0,
        grace_s=1.0,
    )
