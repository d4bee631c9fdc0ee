"""What of the file may be repeated in messages: never what could be a secret."""

import re

from changeover.interfaces.config.source import Source

_GUARDED = ("environment", "secrets", "journal")
_GUARDED_PATH = re.compile(rf"(?:^|\.)(?:{'|'.join(_GUARDED)})(?:$|[.\[])")
_TELLING = r"[\w.-]*(?:passw|secret|token|credential|api[_-]?key|private[_-]?key)[\w.-]*"
_GUARDED_KEY = re.compile(
    rf"(?:^|[\s{{,\"'])(?:{'|'.join(_GUARDED)}|{_TELLING})[\"']?\s*:", re.IGNORECASE
)
_KEY = re.compile(r"^\s*(?:- )?\s*[\"']?[^\s\"'#:{\[][^:#{\[]*:(?=\s|$)")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^\s@]*@")
MASK = "***"


def is_guarded(path: str) -> bool:
    """Whether the value at `path` may be a secret, or hold one."""
    return bool(_GUARDED_PATH.search(path))


def holds_secrets(text: str) -> bool:
    """Whether a value looks as if it had swallowed lines with secrets: a quote never closed."""
    return bool(_GUARDED_KEY.search(text))


def is_guarded_line(source: Source, line: int) -> bool:
    """Whether `line`, or a line that it is indented beneath, has a key that guards secrets."""
    indent = len(source.line(line)) + 1
    for number in range(line, 0, -1):
        text = source.line(number)
        here = len(text) - len(text.lstrip())
        comment = text.lstrip().startswith("#") and number != line
        if not text.strip() or comment or here >= indent:
            continue
        if _GUARDED_KEY.search(text):
            return True
        indent = here
    return False


def excerpt(source: Source, line: int, *, path: str = "") -> str:
    """The 1-based `line` of the file, cut after its key where a secret could stand.

    The text itself is asked too, as nobody knows the path of a line that is no YAML.
    """
    text = source.line(line)
    if is_guarded(path) or is_guarded_line(source, line):
        key = _KEY.match(text)
        indent = text[: len(text) - len(text.lstrip())]
        return f"{key[0]} {MASK}" if key else f"{indent}{MASK}"
    return _URL_PASSWORD.sub(rf"\1{MASK}@", text)
