"""What the replicas of a service wrote."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from changeover.domain.replica import ReplicaId
from changeover.domain.service import ServiceId
from changeover.execution.errors import NothingToDo, UnknownName
from changeover.execution.ports import Runtime
from changeover.interfaces.project import Project

_Waiting = asyncio.Queue[tuple[str, str] | Exception | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """replica: one of them by name, e.g. "shop-v2-0". version: all of a version. Neither: all
    that run. lines: last lines of each. follow: go on with new lines."""

    replica: str | None = None
    version: str | None = None
    lines: int = 20
    follow: bool = False


async def logs(project: Project, query: LogQuery) -> AsyncIterator[tuple[str, str]]:
    """(replica, line) pairs; when following, as they come, from all of them at once.

    Raises: UnknownName (no replica of that name), NothingToDo (nothing has written a log).
    """
    from changeover.interfaces.wiring import runtime_of

    runtime = runtime_of(project)
    replicas = await _asked_for(project, query)
    waiting: _Waiting = asyncio.Queue(maxsize=1000)
    readers = [asyncio.create_task(_read(runtime, r, query, waiting)) for r in replicas]
    silent: list[NothingToDo] = []
    left = len(readers)
    try:
        while left:
            match await waiting.get():
                case None:
                    left -= 1
                case NothingToDo() as error:
                    silent.append(error)
                case Exception() as error:
                    raise error
                case line:
                    yield line
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    if len(silent) == len(replicas):
        raise _nothing_written(project.service, query, silent)


async def _read(runtime: Runtime, replica: ReplicaId, query: LogQuery, waiting: _Waiting) -> None:
    """Put the replica's lines, then what ended them, if anything did, and None."""
    try:
        lines = runtime.logs(replica, follow=query.follow, lines=query.lines)
        async with aclosing(lines):
            async for line in lines:
                await waiting.put((str(replica), line))
    except Exception as error:  # noqa: BLE001 - whoever takes it from the queue raises it
        await waiting.put(error)
    await waiting.put(None)


def _nothing_written(
    service: ServiceId, query: LogQuery, problems: list[NothingToDo]
) -> NothingToDo:
    whose = f"{query.version} of {service} has run lately" if query.version else f"{service} runs"
    return NothingToDo(
        f"no replica that was asked for has written a log: {problems[0].message}"
        if problems
        else f"no replica of {whose}",
        hint="`changeover status` shows what runs, `changeover history` what ran",
    )


async def _asked_for(project: Project, query: LogQuery) -> list[ReplicaId]:
    from changeover.interfaces.wiring import journal_of, runtime_of

    if query.replica is not None:
        return [_named(project.service, query.replica)]
    running = [r.replica for r in await runtime_of(project).observe(project.service)]
    if query.version is None:
        return running
    async with journal_of(project) as journal:
        runs = await journal.history(project.service, limit=50)
    slots = {
        slot
        for run in runs
        if query.version
        in (run.plan.change.candidate.version, getattr(run.plan.change.stable, "version", None))
        for slot in (*range(run.plan.change.replicas), *run.plan.change.stable_slots)
    } | {r.slot for r in running if r.version == query.version}
    return [ReplicaId(project.service, query.version, slot) for slot in sorted(slots)]


def _named(service: ServiceId, name: str) -> ReplicaId:
    found = re.fullmatch(rf"{re.escape(service.name)}-(.+)-([0-9]{{1,6}})", name)
    if not found:
        raise UnknownName(
            f"`{name}` names no replica of {service}",
            hint=f"a name like {service.name}-v2-0; `changeover status` lists them",
        )
    return ReplicaId(service, found[1], int(found[2]))
