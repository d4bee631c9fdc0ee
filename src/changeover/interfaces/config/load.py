"""Reads the service's file: every environment, every problem at once."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from changeover.domain.service import ServiceId
from changeover.interfaces.config.compose import compose
from changeover.interfaces.config.derive import defaults_of
from changeover.interfaces.config.document import MappingNode
from changeover.interfaces.config.environment import chosen
from changeover.interfaces.config.limits import check_limits
from changeover.interfaces.config.overlay import environments
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.record import Record
from changeover.interfaces.config.settings import Settings, settings_record
from changeover.interfaces.config.source import read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """The service's file as one environment sees it. path: the file; other paths in it start
    from its directory."""

    path: Path
    environment: str
    settings: Settings

    @property
    def service(self) -> ServiceId:
        return ServiceId(self.environment, self.settings.service)

    def beside(self, path: str) -> Path:
        """`path` as it is written in the file, made absolute."""
        written = Path(path)
        with suppress(RuntimeError):  # "~name" of a user who does not exist is a plain name
            written = written.expanduser()
        return (self.path.absolute().parent / written).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that was found in the file. configs: the environments without problems. nodes: where
    each environment's settings stand."""

    configs: Mapping[str, ServiceConfig]
    nodes: Mapping[str, MappingNode]
    problems: Problems


def load_service(path: Path, environment: str | None = None) -> ServiceConfig:
    """The service's file at `path` for `environment`; None means the only one there is.

    Raises: ConfigurationError, with every problem of every environment; UnknownName when the
    file has no such environment; UsageError when one must be named.
    """
    return chosen(load_all(path), path, environment)


def load_all(path: Path) -> Mapping[str, ServiceConfig]:
    """Every environment of the service's file. Raises: ConfigurationError."""
    reading = read_all(path)
    reading.problems.raise_if_any()
    return reading.configs


def read_all(path: Path) -> Reading:
    """Read as much as can be read. Raises: ConfigurationError when the file is no YAML."""
    problems = Problems(read_source(path))
    nodes = environments(compose(problems), problems)
    shape = settings_record()
    configs = {
        name: ServiceConfig(path=path, environment=name, settings=settings)
        for name, node in nodes.items()
        if (settings := _settings(shape, node, problems)) is not None
    }
    return Reading(configs=configs, nodes=nodes, problems=problems)


def _settings(shape: Record, node: MappingNode, problems: Problems) -> Settings | None:
    values, complete = shape.values(node, problems)
    kept = check_limits(defaults_of(Settings) | values, node, problems)
    settings = shape.made(node, values, problems) if complete and kept else None
    return settings if isinstance(settings, Settings) else None
