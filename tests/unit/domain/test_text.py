import time

import pytest

from changeover.domain.text import harmless, last_lines, one_line


@pytest.mark.parametrize(
    ("hostile", "safe"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP+q544e\x1b\\after", "after"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1bcreset", "reset"),
        ("\x1b(0lines", "lines"),
        ("a\x1b", "a"),
        ("a\x1b\x1b[31m[31mb", "a[31mb"),
        ("bell\x07 null\x00 back\x08", "bell null back"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("tab\tstays, 한국어 and 👩‍🚀 too", "tab\tstays, 한국어 and 👩‍🚀 too"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("lone \udc80", "lone \ufffd"),
        (b"bytes \xff \x1b[1m!", "bytes \ufffd !"),
    ],
)
def test_what_a_terminal_would_obey_is_taken_out(hostile: str | bytes, safe: str) -> None:
    assert harmless(hostile) == safe


def test_an_escape_without_end_swallows_only_its_own_line() -> None:
    assert harmless("\x1b]0;never ended\nnext line") == "\nnext line"


def test_hostile_text_takes_linear_time() -> None:
    def spent(size: int) -> float:
        start = time.process_time()
        harmless("\x1b]" * size + "\x1b[" * size + "x" * size)
        return time.process_time() - start

    assert spent(200_000) < 40 * max(spent(20_000), 0.001)


def test_one_line_has_no_line_ends_and_says_that_it_was_cut() -> None:
    assert one_line("a\nb\tc  d") == "a b c d"
    assert one_line("x" * 300, limit=10) == "x" * 9 + "…"


def test_last_lines_keeps_the_end_and_leaves_out_empty_lines() -> None:
    assert last_lines("one\n\n  two \nthree\n\n", lines=2) == "two | three"
    assert last_lines("x" * 100 + "end", limit=10) == "…xxxxxxend"
    assert last_lines("") == ""
