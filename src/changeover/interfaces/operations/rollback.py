"""Go back to an earlier release: a new run, by the same strategy."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from changeover.domain.release import Release
from changeover.domain.run import Run, RunKind
from changeover.execution.errors import ArtifactError, NothingToDo, UnknownName
from changeover.interfaces.nearest import did_you_mean
from changeover.interfaces.operations.deploy import start
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.project import Project

if TYPE_CHECKING:
    from changeover.adapters.artifacts.store import ArtifactStore


async def rollback(project: Project, version: str | None, manner: Manner) -> Run:
    """Deploy `version`, or the last good release before the one that serves, with the artifact
    and the settings it had then. Returns the run as `deploy` does.

    Raises: NothingToDo, UnknownName, ArtifactError (its artifact is gone), and as `deploy`.
    """
    from changeover.interfaces.wiring import journal_of, store_of

    async with journal_of(project) as journal:
        good = await journal.good_releases(project.service)
        if good and await journal.serving(project.service) is None:
            release = _brought_back(project, good, version)
        else:
            release = _chosen(project, good, version)
        _refuse_without_artifact(store_of(project), release)
        return await start(project, journal, release, RunKind.ROLLBACK, manner)


def _refuse_without_artifact(store: "ArtifactStore", release: Release) -> None:
    try:
        store.path(release.artifact)
    except ArtifactError as error:
        raise ArtifactError(
            f"{release.version} cannot be gone back to: {error.message}",
            hint=f"`changeover deploy {release.version} --artifact PATH` ships it again from where "
            "it was built",
        ) from error


def _chosen(project: Project, good: Sequence[Release], version: str | None) -> Release:
    if not good:
        raise NothingToDo(
            f"{project.service} has never been deployed, so there is nothing to go back to",
            hint="`changeover deploy` ships a first release",
        )
    earlier = {r.version: r for r in good[1:]}
    if version is None:
        if not earlier:
            raise NothingToDo(
                f"{good[0].version} is the only release of {project.service} that ever served",
                hint="`changeover deploy` ships another one",
            )
        return good[1]
    if version == good[0].version:
        raise NothingToDo(f"{version} serves already", hint="`changeover status` shows it")
    return _named(project, earlier, version)


def _brought_back(project: Project, good: Sequence[Release], version: str | None) -> Release:
    """After the service was taken away there is no "before what serves": it must be named."""
    if version is None:
        raise NothingToDo(
            f"{project.service} was taken away: nothing serves that could be replaced",
            hint="`changeover deploy` ships a release; "
            f"`changeover rollback {good[0].version}` starts what served last",
        )
    return _named(project, {r.version: r for r in good}, version)


def _named(project: Project, earlier: Mapping[str, Release], version: str) -> Release:
    if version not in earlier:
        names = ", ".join(earlier) or "none"
        raise UnknownName(
            f"no release {version} of {project.service} has ever served; earlier ones: {names}",
            hint=did_you_mean(version, earlier) or "`changeover history` lists all runs",
        )
    return earlier[version]
