"""However a file is broken, its owner gets a ConfigurationError that names a line."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.interfaces.config.check import check
from changeover.interfaces.config.load import load_all
from changeover.interfaces.config.problem import FileProblems, Problem

FULL = (Path(__file__).parent / "samples" / "full.yml").read_text("utf-8")
LINES = tuple(FULL.split("\n"))
FRAGMENTS = (
    *"\t\"'{}[]:,-&*!|>%@`#?~\n",
    " ", "  ", ": ", "- ", "<<: ", "*a", "&a ", "!!binary ", "!x ", "---\n", "...\n", "%YAML 1.1\n",
    "null", "true", "-1", "1e999", "0x", "99999999999999999999", "\u00e9", "\U0001f600", "kind: ",
    "kind: rolling", "environments:\n", "\\", '"\\x00"', "${A}", "{port}", "2024-01-31", "=", "<<",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, text: str = FULL) -> str:
    """`text` after one to four small accidents."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from((0, 0, 1, 2, 5, 20)))
        lost = draw(st.sampled_from(("", *FRAGMENTS, *LINES)))
        text = text[:at] + lost + text[at + length :]
    return text


def problems_of(content: bytes) -> tuple[Problem, ...]:
    """What reading a file of `content` says; anything but a ConfigurationError gets through."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "changeover.yml"
        path.write_bytes(content)
        try:
            load_all(path)
        except FileProblems as error:
            return error.problems
    return ()


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_a_broken_file_never_ends_in_anything_but_problems_with_their_lines(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for problem in problems_of(text.encode()):
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert problem.message


@settings(max_examples=60, deadline=None)
@given(mutated())
def test_looking_further_never_ends_in_anything_but_problems(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "changeover.yml"
        path.write_text(text, "utf-8")
        assert all(str(problem) for problem in check(path, variables={}))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_noise_never_ends_in_anything_but_problems_with_their_lines(content: bytes) -> None:
    for problem in problems_of(content):
        assert problem.line >= 1


BEFORE, AFTER = FULL.split("secrets:\n  DATABASE_PASSWORD: {environment: SHOP_DATABASE_PASSWORD}\n")


@settings(max_examples=100, deadline=None)
@given(mutated(BEFORE), mutated(AFTER))
def test_a_secret_written_into_the_file_is_not_repeated_whatever_breaks_around_it(
    before: str, after: str
) -> None:
    text = f"{before}secrets:\n  DATABASE_PASSWORD: hunter2\n{after}"
    told = "\n".join(str(problem) for problem in problems_of(text.encode()))
    assert "hunter2" not in told
