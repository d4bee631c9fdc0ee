"""What replicas wrote is shown without secrets and without power over the terminal."""

from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.adapters.runtime.process.harmless import MASK, Veil
from changeover.adapters.runtime.process.harmless import harmless as harmless_under


def harmless(text: str) -> str:
    return harmless_under(text, Veil([]))


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


def test_a_secret_is_hidden_wherever_it_stands() -> None:
    assert Veil(["hunter22"]).over("x=hunter22;hunter22") == f"x={MASK};{MASK}"


def test_of_two_secrets_the_longer_one_is_hidden_whole() -> None:
    assert Veil(["pass", "password-1"]).over("password-1") == MASK


def test_every_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN-----\nabcdefgh\n-----END-----"
    veil = Veil([key])
    assert [veil.over(line) for line in key.splitlines()] == [MASK] * 3


def test_a_value_too_short_to_be_secret_does_not_blot_out_everything() -> None:
    assert Veil(["1", ""]).over("line 1") == "line 1"


def test_no_colour_or_control_in_a_secret_keeps_it_from_being_hidden() -> None:
    veil = Veil(["hunter22", "pass\tword\x01"])
    assert harmless_under("hunt\x1b[32mer22\x1b[0m!", veil) == f"{MASK}!"
    assert harmless_under("<pass\tword\x01>", veil) == f"<{MASK}>"
