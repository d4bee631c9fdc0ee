"""What services and versions are called inside Envoy."""

from urllib.parse import quote

from changeover.domain.release import Version
from changeover.domain.replica import Endpoint
from changeover.domain.service import ServiceId


def route_name(service: ServiceId, port: int | None = None) -> str:
    """The route configuration of the service's own port, or of a preview `port`."""
    name = f"{_part(service.environment)}/{_part(service.name)}"
    return name if port is None else f"{name}:{port}"


def cluster_name(service: ServiceId, version: Version) -> str:
    """Different services and versions never get the same name: each part is percent-encoded,
    so that "/" stands only between parts and ":", which Envoy changes in the names of its
    statistics, does not occur."""
    return f"{route_name(service)}/{_part(version)}"


def listener_name(service: ServiceId, address: Endpoint) -> str:
    """Has the address in it: a service that moves to another port gets a new listener, since
    Envoy replaces one of the same name only where it stands."""
    return f"{route_name(service)}@{address}"


def _part(text: str) -> str:
    return quote(text, safe="")
