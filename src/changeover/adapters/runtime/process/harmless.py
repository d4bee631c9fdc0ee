"""What a replica wrote, made safe to show: no secret, and nothing that drives a terminal."""

import re
import unicodedata
from collections.abc import Iterable

MASK = "***"
_SHORTEST_SECRET = 4
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"


class Veil:
    """Hides the values of secrets. Values of under four characters are not hidden: they would
    blot out half of every line and are no secret. A value of several lines is hidden by line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces = {piece for value in secrets for piece in (value, *value.splitlines())}
        hidden = sorted((p for p in pieces if len(p.strip()) >= _SHORTEST_SECRET), key=len)
        # The longest first, so that no part of one is left beside the mask of another.
        self._pattern = re.compile("|".join(map(re.escape, reversed(hidden)))) if hidden else None

    def over(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def harmless(text: str, veil: Veil) -> str:
    """Colours are dropped; every other control, and what reorders or hides text, is spelt out
    (`\\x1b`), so that a log line can neither move the cursor nor pose as something else. Secrets
    are hidden in between: a colour in the middle of one would keep it from being found, and so
    would a control that is spelt out."""
    text = veil.over(_COLOUR.sub("", text).rstrip("\r"))
    if text.isprintable():
        return text
    return "".join(map(_spelt, text))


def _spelt(char: str) -> str:
    if char == "\t" or char in _JOINERS or unicodedata.category(char) not in _UNSAFE:
        return char
    return char.encode("unicode_escape").decode("ascii")
