"""The quick look of `changeover status`: what runs, without what is needed to change it."""

from pathlib import Path

from changeover.adapters.runtime.process.layout import Layout
from changeover.adapters.runtime.process.view import observed
from changeover.domain.replica import ObservedReplica
from changeover.domain.service import ServiceId


def look_at(state: Path, service: ServiceId) -> list[ObservedReplica]:
    """As `ProcessRuntime.observe`, by slot. Raises: OSError and ValueError on a damaged record."""
    found = (observed(files) for files in Layout(state).replicas(service))
    return sorted((seen for seen in found if seen is not None), key=lambda seen: seen.replica)
