"""What people and machines do to a deployment under way: abort it, interrupt it, kill it."""

import os
import random
import signal
import time
from dataclasses import dataclass, field, replace
from subprocess import Popen, TimeoutExpired

from .shopfront import Ended, Shopfront, ended, kill

NOTHING_TO_DO = 2
GONE_BACK = 1
PAUSED = 3
KILL_AGAIN = 0.6
MOST_KILLS = 5


@dataclass
class Kills:
    """What came of killing commands. outcomes: how often a deployment ended "new" or "old".
    story: what was done, to understand a failure."""

    within_s: float
    count: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: {"old": 0, "new": 0})
    story: list[str] = field(default_factory=list)


def killed_deployment(
    front: Shopfront, environment: str, version: str, draw: random.Random, kills: Kills
) -> None:
    """Deploy `version`, SIGKILL the command at a random moment, go on by `resume` or `abort`,
    which may be killed too, until the run has ended; then see that all is new or all is old.
    `kills.within_s` is about what a deployment takes.

    Raises: AssertionError with the story.
    """
    old = front.serving(environment)
    command, deaths = ["deploy", version, "-a", str(front.artifact(version))], 0
    while True:
        words = [*command, "-e", environment, "--no-wait"]
        moment_s = draw.uniform(0.2, kills.within_s) if _dies(draw, deaths) else None
        done = _run(front, words, moment_s)
        kills.story.append(f"{environment} {command[0]} {version}: {_told(moment_s, done)}")
        if done.code != -signal.SIGKILL:
            break
        deaths += 1
        kills.count += 1
        command = [draw.choice(["resume", "resume", "abort"])]
    assert done.code in (0, GONE_BACK, NOTHING_TO_DO), _failed(kills, done)
    serving = front.serving(environment)
    assert serving in (old, version), _failed(kills, done)
    expected = {0: version, GONE_BACK: old}
    assert serving == expected.get(done.code, serving), _failed(kills, done)
    kills.outcomes["new" if serving == version else "old"] += 1


def _dies(draw: random.Random, deaths: int) -> bool:
    return deaths == 0 or (deaths < MOST_KILLS and draw.random() < KILL_AGAIN)


def _run(front: Shopfront, words: list[str], moment_s: float | None) -> Ended:
    """A command; killed after `moment_s` seconds unless it has ended by then."""
    process = front.start(*words)
    if moment_s is None:
        return ended(process)
    try:
        said, _ = process.communicate(timeout=moment_s)
    except TimeoutExpired:
        return kill(process)
    return Ended(process.returncode, said, moment_s)


def aborted_deployment(
    front: Shopfront, environment: str, version: str, *, after_s: float, by: str
) -> str:
    """Deploy `version` and take it back `after_s` seconds later: `by` "abort", from another
    process, or "ctrl-c", which pauses, and then abort. Returns the version that serves: the old
    one, or the new one when the deployment was over before. Raises: AssertionError."""
    old = front.serving(environment)
    process = front.deploying(environment, version)
    time.sleep(after_s)
    if by == "ctrl-c":
        done = interrupted(process, signal.SIGINT)
        if done.code == PAUSED:
            done = front.run("abort", "-e", environment, "--no-wait")
            done = replace(done, code=GONE_BACK) if done.code == NOTHING_TO_DO else done
    else:
        _abort(front, environment, process)
        done = ended(process)
    assert done.code in (0, GONE_BACK), done.said
    serving = front.serving(environment)
    assert serving == (version if done.code == 0 else old), done.said
    return serving


def interrupted(process: Popen[str], number: signal.Signals) -> Ended:
    """Signal the whole process group, as a terminal does, and wait for the command's end."""
    if process.poll() is None:
        os.killpg(process.pid, number)
    return ended(process)


def _abort(front: Shopfront, environment: str, deploying: Popen[str]) -> None:
    """`changeover abort`, again when it comes before there is a run."""
    while deploying.poll() is None:
        said = front.run("abort", "-e", environment)
        assert said.code in (0, GONE_BACK, NOTHING_TO_DO), said.said
        if said.code != NOTHING_TO_DO:
            return


def _told(moment_s: float | None, done: Ended) -> str:
    when = "" if moment_s is None else f" at {moment_s:.2f} s"
    return f"killed{when}" if done.code == -signal.SIGKILL else f"ended with {done.code}"


def _failed(kills: Kills, done: Ended) -> str:
    return "\n".join([*kills.story[-12:], done.said])
