"""Which service in which environment: the thing that goes from one version to the next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ServiceId:
    """Names one service in one environment, e.g. `ServiceId("production", "shop")`.

    Two environments of the same service never share replicas, routes or runs.
    """

    environment: str
    name: str

    def __str__(self) -> str:
        return f"{self.environment}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Where users reach a service: the address its proxy listens on.

    idle_timeout_s: seconds a connection to a replica may idle in the proxy's pool; must be
        below the service's own keep-alive timeout, or the two race and a request is lost.
    """

    service: ServiceId
    host: str
    port: int
    idle_timeout_s: float = 4.0
