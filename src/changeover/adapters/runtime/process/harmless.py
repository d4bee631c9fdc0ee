"""What a replica wrote, made safe to show: no secret, and nothing that drives a terminal."""

import re
import unicodedata
from collections.abc import Callable

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"


def harmless(text: str, mask: Callable[[str], str]) -> str:
    """Colours are dropped; every other control, and what reorders or hides text, is spelt out
    (`\\x1b`), so that a log line can neither move the cursor nor pose as something else. Secrets
    are hidden in between: a colour in the middle of one would keep it from being found, and so
    would a control that is spelt out."""
    text = mask(_COLOUR.sub("", text).rstrip("\r"))
    if text.isprintable():
        return text
    return "".join(map(_spelt, text))


def _spelt(char: str) -> str:
    if char == "\t" or char in _JOINERS or unicodedata.category(char) not in _UNSAFE:
        return char
    return char.encode("unicode_escape").decode("ascii")
