import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from changeover.adapters.checks.smoke import SmokeChecker
from changeover.adapters.secrets import Mask
from changeover.domain.checks import Check, CommandCheck, HttpCheck
from changeover.domain.service import Front, ServiceId

FRONT = Front(service=ServiceId("production", "shop"), host="127.0.0.1", port=8080)
CHECKER = SmokeChecker(mask=Mask(["hunter2"]), pause_s=0.01)


async def check(
    check: Check,
    url: str = "http://127.0.0.1:9",
    header: tuple[str, str] | None = None,
    checker: SmokeChecker = CHECKER,
) -> tuple[bool, str]:
    return await checker.check(check, front=FRONT, version="v2", url=url, header=header)


def ask(
    answers: Sequence[bytes], asked: HttpCheck, seen: list[bytes] | None = None
) -> tuple[bool, str]:
    """Ask a server that gives `answers` in turn."""

    async def run() -> tuple[bool, str]:
        left = list(answers)
        handlers: set[asyncio.Task[None]] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if task := asyncio.current_task():
                handlers.add(task)
            with suppress(OSError):
                request = await reader.readuntil(b"\r\n\r\n")
                if seen is not None:
                    seen.append(request)
                writer.write(left.pop(0))
                writer.close()
                await writer.wait_closed()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            try:
                return await check(asked, f"http://127.0.0.1:{port}/", ("x-preview", "v2"))
            finally:
                await asyncio.gather(*handlers)

    return asyncio.run(run())


def answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


def test_the_expected_answer_passes_and_the_preview_header_was_sent() -> None:
    seen: list[bytes] = []
    home = HttpCheck(name="home", path="/cart?a=1", contains="apples")
    passed, said = ask([answer(200, b"x" * 70_000 + b"apples")], home, seen)
    assert (passed, said[:34]) == (True, "check 'home' passed: GET http://12")
    assert said.endswith("/cart?a=1 answered 200")
    assert b"GET /cart?a=1 HTTP/1.1" in seen[0]
    assert b"x-preview: v2" in seen[0]


def test_another_status_fails_with_what_was_seen_made_harmless() -> None:
    body = b"\x1b[2Joops hunt\x1b[0mer2 " + b"y" * 500
    passed, said = ask([answer(503, body)], HttpCheck(name="home", path="/"))
    assert not passed
    assert "answered 503 instead of 200; its body starts with 'oops *** yyy" in said
    assert "\x1b" not in said
    assert len(said) < 400


def test_a_body_without_the_words_fails() -> None:
    passed, said = ask([answer(200, b"pears")], HttpCheck(name="h", path="/", contains="apples"))
    assert not passed
    assert said.endswith("answered 200 without 'apples'; its body starts with 'pears'")


def test_a_second_attempt_may_pass_and_a_third_is_not_made() -> None:
    seen: list[bytes] = []
    home = HttpCheck(name="home", path="/", attempts=3)
    passed, said = ask([answer(500, b""), answer(200, b"")], home, seen)
    assert passed
    assert "(attempt 2 of 3)" in said
    assert len(seen) == 2


def test_attempts_end_with_what_was_seen_last() -> None:
    home = HttpCheck(name="home", path="/", attempts=2)
    passed, said = ask([answer(500, b"first"), answer(502, b"last")], home)
    assert not passed
    assert "(attempt 2 of 2)" in said
    assert "502" in said


def test_no_answer_fails_in_words() -> None:
    passed, said = asyncio.run(check(HttpCheck(name="home", path="/", timeout_s=5)))
    assert not passed
    assert said.endswith("127.0.0.1:9 refuses connections")


def command(script: str, *, timeout_s: float = 60.0) -> CommandCheck:
    return CommandCheck(name="smoke", command=("sh", "-c", script), timeout_s=timeout_s)


def test_a_command_finds_what_it_tests_and_nothing_of_the_deployers_secrets() -> None:
    environ = {"PATH": os.environ["PATH"], "DEPLOY_KEY": "hush", "LC_ALL": "C.UTF-8"}
    script = 'echo "$CHANGEOVER_URL|$CHANGEOVER_HEADER|$CHANGEOVER_SERVICE|$CHANGEOVER_ENVIRONMENT'
    script += '|$CHANGEOVER_VERSION|$DEPLOY_KEY|$LC_ALL"; exit 3'
    checker = SmokeChecker(environ=environ)
    passed, said = asyncio.run(check(command(script), "http://a:1", ("x-p", "v2"), checker))
    assert not passed
    assert said == (
        "check 'smoke' failed: 'sh' exited with 3; its last lines: "
        "http://a:1|x-p: v2|shop|production|v2||C.UTF-8"
    )


def test_a_command_that_exits_with_zero_passes() -> None:
    assert asyncio.run(check(command("true"))) == (True, "check 'smoke' passed: 'sh' exited with 0")


def test_output_is_masked_harmless_and_only_its_end() -> None:
    script = r"seq 1 100000; printf 'key hunt\033[1mer2\n' >&2; exit 1"
    passed, said = asyncio.run(check(command(script)))
    assert not passed
    assert said.endswith("its last lines: 99997 | 99998 | 99999 | 100000 | key ***")


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("/no/such/program",), "'/no/such/program' cannot be started: No such file or directory"),
        (("/etc",), "'/etc' cannot be started: Permission denied"),
        (("sh", "-c", "kill -SEGV $$"), "'sh' was ended by SIGSEGV and said nothing"),
        (("sh", "a\0b"), "cannot be started: embedded null byte"),
    ],
)
def test_a_command_that_cannot_run_fails_in_words(argv: tuple[str, ...], why: str) -> None:
    passed, said = asyncio.run(check(CommandCheck(name="smoke", command=argv)))
    assert not passed
    assert why in said


def alive(pid_file: Path) -> bool:
    """Whether the process whose number a script wrote there runs; a dead one that nobody has
    collected yet does not."""
    try:
        return psutil.Process(int(pid_file.read_text())).status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return False


def cancelled_once_alive(script: str, pid_file: Path) -> None:
    async def cancel() -> None:
        running = asyncio.create_task(check(command(script)))
        while not alive(pid_file):
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel())


def test_a_command_out_of_time_is_ended_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 1000 & echo $! > {tmp_path}/child; wait"
    passed, said = asyncio.run(check(command(script, timeout_s=0.5)))
    assert not passed
    assert "'sh' did not end within 0.5 s and was stopped" in said
    assert eventually(lambda: not alive(tmp_path / "child"))


def test_what_a_command_leaves_behind_is_ended_and_not_waited_for(tmp_path: Path) -> None:
    script = f"sleep 1000 & echo $! > {tmp_path}/child"
    passed, _ = asyncio.run(check(command(script, timeout_s=300)))
    assert passed
    assert eventually(lambda: not alive(tmp_path / "child"))


def test_a_cancelled_check_leaves_no_process(tmp_path: Path) -> None:
    script = f"sleep 1000 & echo $! > {tmp_path}/child; wait"
    cancelled_once_alive(script, tmp_path / "child")
    assert eventually(lambda: not alive(tmp_path / "child"))


def test_a_command_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    cancelled_once_alive(f"trap '' TERM; echo $$ > {tmp_path}/pid; sleep 1000", tmp_path / "pid")
    assert eventually(lambda: not alive(tmp_path / "pid"))
