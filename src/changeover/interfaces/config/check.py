"""Looks at the service's file and at what it points to, without touching anything."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from changeover.domain.plan import Change, Plan
from changeover.domain.release import Release
from changeover.domain.route import PortMatch
from changeover.domain.steps import SetRoute
from changeover.execution.errors import ConfigurationError
from changeover.interfaces.config.artifact import artifact_kind
from changeover.interfaces.config.change import change_for, plan_for, release_for
from changeover.interfaces.config.document import MappingNode
from changeover.interfaces.config.limits import node_at
from changeover.interfaces.config.load import ServiceConfig, read_all
from changeover.interfaces.config.problem import FileProblems, Problem, shown
from changeover.interfaces.config.problems import Problems
from changeover.planning.safety import violations


def check(path: Path, *, variables: Mapping[str, str] | None = None) -> list[Problem]:
    """Every problem of every environment, in the order of the file.

    Errors are what `deploy` would refuse. Warnings are what is not there on this machine: an
    artifact to be built, a program, a secret's source (looked up in `variables`, by default those
    of this process). Each strategy plans a first deployment and a change, and safety is proved.
    Raises: ConfigurationError when the file cannot be read at all.
    """
    known = os.environ if variables is None else variables
    try:
        reading = read_all(path)
    except FileProblems as error:
        return list(error.problems)
    for name, config in reading.configs.items():
        node = reading.nodes[name]
        _look_for_artifact(config, node, reading.problems)
        _look_for_program(config, node, reading.problems)
        _look_for_secrets(config, node, reading.problems, known)
        _try_strategy(config, node, reading.problems)
    return list(reading.problems.found)


def _look_for_artifact(config: ServiceConfig, node: MappingNode, problems: Problems) -> None:
    path = config.beside(config.settings.artifact)
    if artifact_kind(path) is None:
        problems.warn(
            node_at(node, ("artifact",)),
            f"{shown(config.settings.artifact)} is not there yet",
            hint="build it before `changeover deploy`",
        )


def _look_for_program(config: ServiceConfig, node: MappingNode, problems: Problems) -> None:
    word = config.settings.command[0]
    artifact = config.beside(config.settings.artifact)
    where = node_at(node, ("command", 0))
    inside = word.replace("{release}/", "./")
    if "/" not in inside:
        if shutil.which(word) is None:
            near = artifact.is_dir() and (artifact / word).is_file()
            hint = f"write ./{word} for the one in the artifact" if near else ""
            problems.warn(
                where, f"{shown(word)} is not on this machine's PATH", hint=hint or "install it"
            )
        return
    program = (artifact if artifact.is_dir() else artifact.parent) / inside
    looks_inside = Path(inside).is_absolute() or artifact_kind(artifact) in ("directory", "binary")
    if looks_inside and not program.is_file():
        problems.warn(where, f"{shown(word)} is not there", hint="build it, or correct the path")
    elif looks_inside and not os.access(program, os.X_OK):
        problems.warn(where, f"{shown(word)} cannot be executed", hint=f"chmod +x {program}")


def _look_for_secrets(
    config: ServiceConfig, node: MappingNode, problems: Problems, variables: Mapping[str, str]
) -> None:
    for name, source in config.settings.secrets.items():
        if source.file and not os.access(config.beside(source.file), os.R_OK):
            problems.warn(
                node_at(node, ("secrets", name, "file")),
                "its file is not there, or cannot be read on this machine",
            )
        elif source.environment and source.environment not in variables:
            problems.warn(
                node_at(node, ("secrets", name, "environment")),
                "its variable is not set on this machine",
            )


def _try_strategy(config: ServiceConfig, node: MappingNode, problems: Problems) -> None:
    where = node_at(node, ("strategy",))
    for change in _changes(config):
        try:
            plan = plan_for(config, change)
            unsafe = violations(plan)
        except ConfigurationError as error:
            problems.at(where, str(error.__cause__))
            return
        except Exception as error:  # noqa: BLE001 - a plug-in's strategy may raise anything
            name = config.settings.strategy.name
            problems.at(where, f"the strategy {name} failed: {type(error).__name__}: {error}")
            return
        if config.settings.listen.port in _preview_ports(plan):
            problems.at(
                node_at(node, ("strategy", "preview_port")),
                "users reach the service on this port (`listen`); a preview needs its own",
            )
            return
        for violation in unsafe:
            problems.at(where, f"users could be hurt: {violation}")


def _changes(config: ServiceConfig) -> Iterator[Change]:
    """A first deployment, and a change from as many replicas as there will be."""
    before = _release(config, "before")
    after = _release(config, "after")
    slots = tuple(range(config.settings.replicas))
    yield change_for(config, stable=None, stable_slots=(), candidate_release=after)
    yield change_for(config, stable=before, stable_slots=slots, candidate_release=after)


def _release(config: ServiceConfig, version: str) -> Release:
    return release_for(config, version, f"sha256:{'0' * 64}")


def _preview_ports(plan: Plan) -> set[int]:
    routes = [step.route for step in plan.steps if isinstance(step, SetRoute) and step.route]
    return {m.port for route in routes for m in route.matches if isinstance(m, PortMatch)}
