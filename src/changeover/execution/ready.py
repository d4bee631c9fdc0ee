"""Wait until replicas are ready, and notice early when they never will be."""

from collections.abc import Awaitable, Callable

from changeover.domain.checks import Health
from changeover.domain.replica import ReplicaId
from changeover.execution.doing import Doing
from changeover.execution.errors import NotReady, ReplicaFailed
from changeover.execution.ports import Readiness
from changeover.execution.together import together

RESTARTS_ALLOWED = 3
"""A replica that ended by itself this often while we waited will not become ready."""

LOOK_EVERY_S = 1.0


async def await_ready(doing: Doing, replicas: list[ReplicaId], timeout_s: float) -> str:
    """Return once every replica has answered `Health.successes` asks in a row.

    Raises: NotReady after `timeout_s`, with the last answer of each; ReplicaFailed when one
    keeps ending by itself.
    """
    health, clock = doing.change.health, doing.hands.clock
    # A resumed step still asks often enough to pass, however late it is.
    least_s = health.successes * (health.interval_s + health.timeout_s)
    began_at = clock.monotonic()
    deadline = began_at + max(doing.left_of(timeout_s), least_s)
    streak = dict.fromkeys(replicas, 0)
    before = await _restarts(doing)
    looked_at = began_at
    while waiting := [r for r in replicas if streak[r] < health.successes]:
        doing.check()
        answers = dict(zip(waiting, await together(waiting, _asker(doing, health)), strict=True))
        for replica, answer in answers.items():
            streak[replica] = streak[replica] + 1 if answer.ready else 0
        if clock.monotonic() - looked_at >= LOOK_EVERY_S:
            looked_at = clock.monotonic()
            await _refuse_crash_loop(doing, waiting, before)
        if clock.monotonic() >= deadline:
            _give_up(answers, streak, health, timeout_s)
        if any(streak[r] < health.successes for r in replicas):
            ready = sum(streak[r] >= health.successes for r in replicas)
            await doing.progress(
                f"{ready} of {len(replicas)} ready", elapsed_s=clock.monotonic() - began_at
            )
            await clock.sleep(health.interval_s)
    return f"{len(replicas)} ready"


def _asker(doing: Doing, health: Health) -> Callable[[ReplicaId], Awaitable[Readiness]]:
    async def ask(replica: ReplicaId) -> Readiness:
        return await doing.retried(
            lambda: doing.hands.runtime.is_ready(replica, health), f"asking {replica}"
        )

    return ask


async def _restarts(doing: Doing) -> dict[ReplicaId, int]:
    seen = await doing.retried(
        lambda: doing.hands.runtime.observe(doing.change.service), "looking at the replicas"
    )
    return {r.replica: r.restarts for r in seen}


async def _refuse_crash_loop(
    doing: Doing, waiting: list[ReplicaId], before: dict[ReplicaId, int]
) -> None:
    seen = await doing.retried(
        lambda: doing.hands.runtime.observe(doing.change.service), "looking at the replicas"
    )
    for found in seen:
        ended = found.restarts - before.get(found.replica, 0)
        if found.replica in waiting and ended >= RESTARTS_ALLOWED:
            raise ReplicaFailed(
                f"{found.replica} ended by itself again and again: "
                f"{found.note or f'started anew {ended} times'}",
                hint=f"`changeover logs {found.replica}` shows what it said",
            )


def _give_up(
    answers: dict[ReplicaId, Readiness], streak: dict[ReplicaId, int], health: Health, after: float
) -> None:
    late = [r for r in answers if streak[r] < health.successes]
    if not late:
        return
    said = "; ".join(f"{r}: {answers[r].why}" for r in late)
    raise NotReady(
        f"{len(late)} of the replicas not ready after {after:g} s: {said}",
        hint=f"`changeover logs {late[0]}` shows what it said",
    )
