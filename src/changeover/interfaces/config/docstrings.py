"""What a dataclass's docstring says about each of its fields.

One text serves readers of the code, the reference and the editor: "name: text" at the beginning
of a line or of a sentence, up to the next field's name or an empty line.
"""

import inspect
import re
from collections.abc import Iterable


def summary(subject: object) -> str:
    """The first paragraph of the docstring, on one line; "" without one."""
    return _line((inspect.getdoc(subject) or "").split("\n\n")[0])


def field_texts(cls: type, fields: Iterable[str]) -> dict[str, str]:
    """What the docstring of `cls` says about each of `fields`; left out when it says nothing."""
    names = sorted(fields, key=len, reverse=True)
    if not names:
        return {}
    mark = re.compile(
        rf"(?:^|(?<=\. )|(?<=\.\n))[ \t]*({'|'.join(map(re.escape, names))}):\s", re.M
    )
    texts: dict[str, str] = {}
    for paragraph in (inspect.getdoc(cls) or "").split("\n\n"):
        found = list(mark.finditer(paragraph))
        ends = [match.start() for match in found[1:]] + [len(paragraph)]
        for match, end in zip(found, ends, strict=False):
            texts[match[1]] = _line(paragraph[match.end() : end])
    return texts


def _line(text: str) -> str:
    return " ".join(text.split())
