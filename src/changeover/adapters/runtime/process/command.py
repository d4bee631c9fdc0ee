"""What exactly is executed for a release, and in which environment."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from changeover.adapters.runtime.process.files import Spec, Supervision
from changeover.domain.release import Release, Secret
from changeover.domain.replica import ReplicaId
from changeover.execution.errors import ReplicaFailed

INHERITED = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR"})
"""Variables (and LC_*) that a replica inherits from whoever starts it. Nothing else: a deployer's
environment, a CI job's above all, holds tokens that are no business of the service's."""

_PATH = "/usr/local/bin:/usr/bin:/bin"


def spec_for(
    replica: ReplicaId,
    release: Release,
    directory: Path,
    deployer: Mapping[str, str],
    *,
    host: str,
    port: int,
    supervision: Supervision,
    scratch: str,
) -> Spec:
    """scratch: a directory of the replica's own, for what must not be written into the release.

    Raises: ReplicaFailed (the command cannot be found or executed).
    """
    variables = _variables(replica, release, deployer, port)
    # Root may write into read-only directories: Python would leave its caches in the release,
    # which would then not be what was shipped.
    variables.setdefault("PYTHONPYCACHEPREFIX", os.path.join(scratch, "pycache"))
    mark = f"CHANGEOVER_MARK={secrets.token_hex(12)}"
    variables["CHANGEOVER_MARK"] = mark.partition("=")[2]
    filled = [
        part.replace("{port}", str(port)).replace("{release}", str(directory))
        for part in release.command
    ]
    return Spec(
        environment=replica.service.environment,
        service=replica.service.name,
        version=replica.version,
        slot=replica.slot,
        release=as_json(release),
        program=program(filled, directory, variables.get("PATH", _PATH)),
        argv=filled,
        directory=str(directory),
        variables=variables,
        host=host,
        port=port,
        mark=mark,
        supervision=vars(supervision),
    )


def as_json(release: Release) -> dict[str, object]:
    """The release as it is compared and stored: references to secrets only."""
    return {
        "version": release.version,
        "artifact": release.artifact,
        "command": list(release.command),
        "environment": [list(pair) for pair in release.environment],
        "secrets": [asdict(secret) for secret in release.secrets],
    }


def from_json(data: dict[str, object]) -> Release:
    """The release that `as_json` stored. Raises: KeyError, TypeError, ValueError."""
    stored: dict[str, Any] = data
    return Release(
        version=stored["version"],
        artifact=stored["artifact"],
        command=tuple(stored["command"]),
        environment=tuple((name, value) for name, value in stored["environment"]),
        secrets=tuple(Secret(**secret) for secret in stored["secrets"]),
    )


def program(command: list[str], directory: Path, path: str) -> str:
    """Absolute path of what `command` runs: looked for in `directory`, then along `path`.

    Raises: ReplicaFailed.
    """
    if not directory.is_dir():
        raise ReplicaFailed(f"The release's directory {directory} is not there.")
    if not command or not command[0]:
        raise ReplicaFailed("The release has no command to run.")
    name = command[0]
    places = [str(directory)]
    if os.sep not in name:
        places += [place for place in path.split(os.pathsep) if place]
    found = [os.path.join(place, name) for place in places]
    for candidate in found:
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    if blocked := next(filter(os.path.exists, found), None):
        raise ReplicaFailed(
            f"The command {name!r} cannot be run: {blocked} is not an executable file.",
            hint=f"chmod +x {blocked} in the artifact, or name its interpreter in the command",
        )
    raise ReplicaFailed(
        f"The command {name!r} was not found; looked in {', '.join(places)}.",
        hint="name a file of the artifact, or a program on this host's PATH",
    )


def _variables(
    replica: ReplicaId, release: Release, deployer: Mapping[str, str], port: int
) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in deployer.items()
        if name in INHERITED or name.startswith("LC_")
    }
    ours = {
        "PORT": str(port),
        "CHANGEOVER_SERVICE": replica.service.name,
        "CHANGEOVER_ENVIRONMENT": replica.service.environment,
        "CHANGEOVER_VERSION": replica.version,
        "CHANGEOVER_SLOT": str(replica.slot),
    }
    return {"PATH": _PATH, **inherited, **dict(release.environment), **ours}
