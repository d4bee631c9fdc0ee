"""A log read while it grows and is rotated gives every line once and in order."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.adapters.runtime.process.logs import LogReader, follow, tail
from changeover.adapters.runtime.process.rotation import Log, rotated


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def rotate(path: Path, *, keep: int = 100) -> None:
    assert Log(str(path), max_bytes=0, keep=keep).rotate_if_large()


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
@given(st.lists(st.sampled_from(["write", "half", "rotate", "read"]), max_size=30))
def test_no_line_is_lost_or_given_twice(tmp_path: Path, acts: list[str]) -> None:
    path = tmp_path / "log"
    for old in tmp_path.iterdir():
        old.unlink()
    path.touch()
    reader, written, read = LogReader(str(path), 0), 0, list[str]()
    for act in acts:
        if act == "write":
            write(path, f"{written}\n")
            written += 1
        elif act == "half":  # a line that a rotation or a look may cut in two
            write(path, "half of ")
        elif act == "rotate":
            rotate(path)
        else:
            read += reader.lines()
    read += reader.lines()
    assert [line.replace("half of ", "") for line in read] == [str(n) for n in range(written)]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 10, 99])
def test_the_last_lines_are_found_across_rotated_files(tmp_path: Path, count: int) -> None:
    path = tmp_path / "log"
    for part in ("1\n2\n3", "\n4\n", "5\n6\n", "7\n"):
        write(path, part)
        rotate(path)
    write(path, "8\n9\n10")
    expected = [str(number) for number in range(1, 11)]
    assert tail(str(path), count) == expected[len(expected) - min(count, 10) :]


def test_long_logs_are_read_from_their_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, "".join(f"line {number}\n" for number in range(50_000)))
    assert tail(str(path), 2) == ["line 49998", "line 49999"]


def test_rotation_keeps_the_newest_files(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for number in range(5):
        write(path, f"{number}\n")
        rotate(path, keep=2)
    assert rotated(str(path)) == [4, 5]
    assert tail(str(path), 10) == ["3", "4"]
    assert path.stat().st_size == 0


def test_a_log_below_its_size_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "log", "short\n")
    assert not Log(str(tmp_path / "log"), max_bytes=100, keep=1).rotate_if_large()
    assert rotated(str(tmp_path / "log")) == []


def test_a_reader_whose_file_was_deleted_goes_on_with_the_oldest_left(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    reader = LogReader(str(path), 0)
    for number in range(5):
        write(path, f"{number}\n")
        rotate(path, keep=2)
    assert list(reader.lines()) == ["3", "4"]


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"caf\xe9\n")
    assert tail(str(tmp_path / "log"), 1) == [r"caf\xe9"]


def test_an_endless_line_is_cut_and_does_not_fill_the_memory(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 1_000_000)
    reader = LogReader(str(tmp_path / "log"), 0)
    pieces = list(reader.lines())
    assert max(map(len, pieces)) < 400_000
    assert len("".join([*pieces, reader.end()])) == 1_000_000


def test_following_gives_the_last_words_too(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, "1\n2\n")
    going_on = [True, True, False]

    async def story() -> list[str]:
        found = []
        async for line in follow(str(path), 1, going_on=lambda: going_on.pop(0)):
            found.append(line)
            if line == "2":
                write(path, "3\n")
                rotate(path)
                write(path, "last")
        return found

    assert asyncio.run(story()) == ["2", "3", "last"]
