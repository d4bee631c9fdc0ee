"""On a terminal, and into pipes."""

import subprocess
from collections.abc import Callable, Iterator

import pytest

from support.command import COMMAND
from support.terminal import Terminal
from support.waiting import until
from support.workshop import Workshop, canary

pytestmark = pytest.mark.slow


@pytest.fixture
def serving(open_shop: Workshop) -> Iterator[Workshop]:
    open_shop.build("v2")
    open_shop.write(strategy=canary("300s"))
    yield open_shop
    open_shop.intact("v1")


def on_terminal(shop: Workshop, *arguments: str) -> Terminal:
    return Terminal(arguments, shop.root, shop.env)


def test_ctrl_c_pauses_and_once_more_goes_back(serving: Workshop) -> None:
    with on_terminal(serving, "deploy", "v2") as terminal:
        terminal.until("bake for 5 min")
        terminal.press_ctrl_c()
        terminal.until("goes back to v1")
        terminal.press_ctrl_c()
        assert terminal.ended() == 1, terminal.seen
    assert "v1 serves all requests" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_status_and_logs_can_be_watched_until_ctrl_c(serving: Workshop) -> None:
    with on_terminal(serving, "status", "-w") as watch:
        watch.until("takes 100 % of requests")
        run = serving.begin("deploy", "v2")
        run.until("bake for 5 min")
        watch.until("takes 50 % of requests")
        watch.press_ctrl_c()
        assert watch.ended() == 0
    assert "Traceback" not in watch.seen
    with on_terminal(serving, "logs", "-F") as logs:
        logs.until("shop v2 listens")
        serving.run("abort").tells(1, "v1 serves all requests")
        logs.press_ctrl_c()
        assert logs.ended() == 0
    assert "Traceback" not in logs.seen
    run.ended().tells(1)


@pytest.mark.parametrize(
    "arguments", [["status", "-w"], ["logs"], ["history"], ["--help"]], ids=" ".join
)
def test_a_reader_that_goes_away_is_no_error(serving: Workshop, arguments: list[str]) -> None:
    code, said = read_one_line(serving, arguments)
    assert (code, said) == (0, "")


def test_a_run_goes_on_when_its_reader_goes_away(serving: Workshop) -> None:
    def meanwhile() -> None:
        until(lambda: serving.status()["weights"] == {"v1": 5000, "v2": 5000}, "v2 bakes")
        serving.run("abort").tells(1)

    code, said = read_one_line(serving, ["deploy", "v2", "--json"], meanwhile)
    assert code == 1, said
    assert "Traceback" not in said
    assert "v1 serves all requests" in said


def read_one_line(
    shop: Workshop, arguments: list[str], meanwhile: Callable[[], None] = lambda: None
) -> tuple[int, str]:
    """Exit code and standard error of a command of which only the first line is read."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=shop.root,
        env=shop.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        meanwhile()
        said = process.stderr.read()
    return process.returncode, said
