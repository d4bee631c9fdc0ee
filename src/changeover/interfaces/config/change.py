"""From the service's file to the questions and answers of the domain."""

import re
from collections.abc import Mapping

from changeover.domain.plan import Change, Plan
from changeover.domain.release import Release, Secret, Version
from changeover.domain.service import Front
from changeover.execution.errors import ConfigurationError, UsageError
from changeover.interfaces.config.load import ServiceConfig
from changeover.interfaces.config.settings import SecretSource

_VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_REFERENCE = re.compile(r"\$\{(\w+)\}")


def front_of(config: ServiceConfig) -> Front:
    """Where users reach the service."""
    settings = config.settings
    return Front(
        service=config.service,
        host=settings.listen.host,
        port=settings.listen.port,
        idle_timeout_s=settings.idle_timeout_s,
    )


def release_for(config: ServiceConfig, version: Version, artifact_digest: str) -> Release:
    """`version` with the settings that the file has now. Raises: UsageError when `version` is no
    name that is safe in file names and proxies."""
    if not _VERSION.fullmatch(version):
        raise UsageError(
            f'"{version}" cannot name a version: letters, digits, ".", "_" and "-", at most 64',
            hint="for example v2 or 2026-01-31.1",
        )
    settings = config.settings
    return Release(
        version=version,
        artifact=artifact_digest,
        command=settings.command,
        environment=tuple(sorted(settings.environment.items())),
        secrets=tuple(_secret(config, *item) for item in sorted(settings.secrets.items())),
        memory_bytes=settings.memory_bytes,
    )


def change_for(
    config: ServiceConfig,
    *,
    stable: Release | None,
    stable_slots: tuple[int, ...],
    candidate_release: Release,
) -> Change:
    """The change from what serves now (None: nothing) to `candidate_release`.

    While fewer stable replicas serve than `min_ready` asks for (it was raised in the file), those
    that serve are the measure: no change can keep ready what is not there.
    """
    settings = config.settings
    wanted = settings.replicas if settings.min_ready is None else settings.min_ready
    return Change(
        front=front_of(config),
        stable=stable,
        candidate=candidate_release,
        replicas=settings.replicas,
        stable_slots=stable_slots,
        min_ready=min(wanted, len(stable_slots)) if stable is not None else wanted,
        health=settings.health,
        drain_s=settings.drain_s,
        grace_s=settings.grace_s,
        checks=settings.checks,
    )


def retirement_for(
    config: ServiceConfig, release: Release, *, stable_slots: tuple[int, ...]
) -> Change:
    """The change from `release` on its slots (none: it does not serve) to nothing."""
    settings = config.settings
    return Change(
        front=front_of(config),
        stable=release if stable_slots else None,
        candidate=release,
        replicas=0,
        stable_slots=stable_slots,
        min_ready=0,
        health=settings.health,
        drain_s=settings.drain_s,
        grace_s=settings.grace_s,
    )


def plan_for(config: ServiceConfig, change: Change) -> Plan:
    """What the environment's strategy makes of `change`.

    Raises: ConfigurationError with the strategy's own words when it cannot plan that.
    """
    strategy = config.settings.strategy
    try:
        return strategy.plan(change)
    except ValueError as error:
        raise ConfigurationError(
            f"{config.path}: the strategy {strategy.name} of {config.environment} cannot plan "
            f"this: {error}",
            hint="correct `strategy`; `changeover check` tries it without touching anything",
        ) from error


def journal_of(config: ServiceConfig, variables: Mapping[str, str]) -> str | None:
    """The journal's URL with its ${VARIABLES} filled in; None when the file has none. May hold a
    password: not for printing. A journal's file is looked for beside the service's file, so that
    everybody who uses that one means the same journal, wherever they stand.

    Raises: ConfigurationError when a variable is missing, or what it holds is no URL.
    """
    if config.settings.journal is None:
        return None
    url = filled(config.settings.journal, variables)
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ConfigurationError(
            f"{config.path}: with its variables filled in, `journal` is no URL",
            hint="sqlite:///file or postgresql://user@host/database",
        )
    if scheme == "sqlite":
        return f"sqlite:///{config.beside(rest.removeprefix('/'))}"
    return url


def filled(text: str, variables: Mapping[str, str]) -> str:
    """`text` with each ${NAME} replaced. Raises: ConfigurationError when one is missing."""
    missing = [name for name in _REFERENCE.findall(text) if name not in variables]
    if missing:
        raise ConfigurationError(
            f"the journal's URL needs the variable {missing[0]}, which is not set here",
            hint=f"export {missing[0]}=…",
        )
    return _REFERENCE.sub(lambda match: variables[match[1]], text)


def _secret(config: ServiceConfig, name: str, source: SecretSource) -> Secret:
    if source.file:
        return Secret(name=name, source="file", key=str(config.beside(source.file)))
    return Secret(name=name, source="environment", key=source.environment)
