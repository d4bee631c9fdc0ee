"""Foreign text made harmless before a person sees it.

What a service, a check or an artifact's author wrote may hold escape sequences that repaint a
terminal, set its title or make it type; or marks that turn the reading direction of a line.
"""

import re

_SEQUENCE = re.compile(
    r"""
    (?: \x1b\[ | \x9b ) [0-?]* [ -/]* [@-~]?                               # CSI: colours, cursor
  | (?: \x1b[\]PX^_] | [\x9d\x90\x98\x9e\x9f] ) [^\x07\x1b\x9c\n]* (?: \x07 | \x1b\\ | \x9c )?
                                                                           # OSC, DCS, SOS, PM, APC
  | \x1b [ -/]* [0-~]?                                                     # other escapes
    """,
    re.VERBOSE,
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def harmless(text: str | bytes) -> str:
    """`text` without escape sequences, control characters and direction marks.

    Line ends of every kind become a newline, tabs stay, undecodable bytes become U+FFFD.
    Source: ECMA-48 (control functions); Unicode TR 9 (explicit direction marks).
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = _CONTROL.sub("", _LINE_END.sub("\n", _SEQUENCE.sub("", text)))
    return _SURROGATE.sub("\ufffd", text)


def one_line(text: str | bytes, *, limit: int = 200) -> str:
    """`harmless(text)` on a single line of at most `limit` characters; a cut ends in "…"."""
    line = " ".join(harmless(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def last_lines(text: str | bytes, *, lines: int = 5, limit: int = 500) -> str:
    """The last `lines` non-empty lines of `text`, harmless, joined by " | "; when that is more
    than `limit` characters, its end: what a program says last says most about why it ended."""
    found = [" ".join(line.split()) for line in harmless(text).splitlines()]
    joined = " | ".join([line for line in found if line][-lines:])
    return joined if len(joined) <= limit else "…" + joined[-(limit - 1) :].lstrip()
