"""What replicas wrote is shown without secrets and without power over the terminal."""

from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.adapters.runtime.process.harmless import harmless as harmless_under
from changeover.adapters.secrets import Mask


def harmless(text: str) -> str:
    return harmless_under(text, Mask([]))


def test_a_terminal_command_is_spelt_out() -> None:
    assert harmless("a\x1b[2Jb\x07") == r"a\x1b[2Jb\x07"
    assert harmless("\x9b31m") == r"\x9b31m"


def test_colours_are_dropped_and_words_stay() -> None:
    assert harmless("\x1b[1;31mred\x1b[0m") == "red"


def test_text_cannot_be_turned_around() -> None:
    assert harmless("user\u202eresu") == r"user\u202eresu"


def test_tabs_and_other_scripts_stay_as_they_are() -> None:
    text = "배포\t완료\u3000👩\u200d💻"
    assert harmless(text) == text


def test_what_rewrites_its_own_line_cannot() -> None:
    assert harmless("all is well\rERROR hidden\r") == r"all is well\rERROR hidden"


@settings(deadline=None)
@given(st.text())
def test_nothing_that_is_shown_is_a_control(text: str) -> None:
    assert all(char == "\t" or ord(char) >= 32 for char in harmless(text))
    assert "\x7f" not in harmless(text)


def test_no_colour_or_control_in_a_secret_keeps_it_from_being_hidden() -> None:
    mask = Mask(["hunter22", "pass\tword\x01"])
    assert harmless_under("hunt\x1b[32mer22\x1b[0m!", mask) == "***!"
    assert harmless_under("<pass\tword\x01>", mask) == "<***>"
