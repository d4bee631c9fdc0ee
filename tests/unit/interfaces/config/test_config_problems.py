"""How problems are told. Each file in `problems/` has a service's file, a line of dashes, and
what `load_all` says about it."""

from pathlib import Path

import pytest

from changeover.execution.errors import ConfigurationError
from changeover.interfaces.config.load import load_all
from changeover.interfaces.config.problem import FileProblems, Problem

CASES = sorted((Path(__file__).parent / "problems").glob("*.case"))
SEPARATOR = "----------\n"


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_problems_are_told_as_in_the_case(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, expected = case.read_text("utf-8").split(SEPARATOR)
    monkeypatch.chdir(tmp_path)
    Path("changeover.yml").write_text(text, "utf-8")
    with pytest.raises(FileProblems) as caught:
        load_all(Path("changeover.yml"))
    assert f"{caught.value}\n" == expected


def test_there_are_cases() -> None:
    assert len(CASES) > 30


def test_no_case_repeats_a_secret() -> None:
    told = [case.read_text("utf-8").split(SEPARATOR)[1] for case in CASES]
    assert not [text for text in told if "hunter" in text]


def test_a_missing_file_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file") as caught:
        load_all(tmp_path / "changeover.yml")
    assert "changeover init" in caught.value.hint


@pytest.mark.parametrize("path", [".", "bad\0name"])
def test_what_is_no_readable_file_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_all(Path(path))


def test_a_file_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changeover.yml"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigurationError, match="larger than 1 MB"):
        load_all(path)


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        ("service: shop\n".encode("utf-16"), 1, 1, "encoded in UTF-16"),
        (b"service: shop\nartifact: caf\xe9\n", 2, 14, "byte 0xe9 is not UTF-8"),
        (b"service: shop\n\nartifact: a\x07\n", 3, 12, "U+0007"),
        ("service: 가\ufffe\n".encode(), 1, 11, "U+FFFE"),
    ],
)
def test_a_wrong_encoding_is_told_with_its_place(
    content: bytes, line: int, column: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "changeover.yml"
    path.write_bytes(content)
    problem = only_problem(path)
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


def test_lines_are_counted_alike_with_any_line_end_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "changeover.yml"
    lines = ["service: shop", "artifact: .", "command: ./app", "listen: 8080", "strategy: roling"]
    for end in ("\n", "\r\n", "\r"):
        path.write_bytes(b"\xef\xbb\xbf" + end.join(lines).encode())
        assert (only_problem(path).line, only_problem(path).column) == (5, 11)


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changeover.yml"
    path.write_text("checks: " + "[" * 20_000)
    assert only_problem(path).line == 1


def only_problem(path: Path) -> Problem:
    with pytest.raises(FileProblems) as caught:
        load_all(path)
    [problem] = caught.value.problems
    return problem
