"""The little of the service's file that `status` needs, without the cost of reading it in full.

Reading and checking the file takes 0.2 s of CPU, most of it imports. So the summary of a file
that was read without a problem is kept under the digest of its content: one byte changed, and it
is read again. It holds no secret: a journal's password is a ${VARIABLE} in the file already.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from changeover.interfaces.config.environment import chosen
from changeover.interfaces.config.size import MAX_BYTES
from changeover.version import __version__

_MOST_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """journals: the journal's URL as written, or None, by environment, in the file's order."""

    service: str
    journals: Mapping[str, str | None]


def summary(path: Path, *, cache: Path) -> Summary:
    """The summary of the service's file at `path`; kept in the directory `cache`, which is made
    when missing. A cache that cannot be read or written only costs time.

    Raises: ConfigurationError, as reading the file does.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        return _read(path)  # says what is wrong
    if len(content) > MAX_BYTES:
        return _read(path)  # likewise
    kept = cache / f"{_key(content)}.json"
    try:
        return _decoded(kept.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = _read(path)
    with suppress(OSError):
        _keep(kept, json.dumps({"service": found.service, "journals": found.journals}))
    return found


def service_and_journal(
    path: Path, environment: str | None, *, cache: Path
) -> tuple[str, str, str | None]:
    """The environment, the service's name and the journal's URL as written, or None.

    Raises: ConfigurationError; UnknownName or UsageError when `environment` does not choose one.
    """
    found = summary(path, cache=cache)
    name = chosen({name: name for name in found.journals}, path, environment)
    return name, found.service, found.journals[name]


def _read(path: Path) -> Summary:
    from changeover.interfaces.config.load import load_all  # the cost to be saved

    configs = load_all(path)
    journals = {name: config.settings.journal for name, config in configs.items()}
    return Summary(service=next(iter(configs.values())).settings.service, journals=journals)


def _decoded(text: str) -> Summary:
    data = json.loads(text)
    return Summary(service=data["service"], journals=dict(data["journals"].items()))


def _keep(kept: Path, text: str) -> None:
    """Write all of it or nothing: another command may be reading."""
    import tempfile  # 5 ms that a summary which is kept already does not need

    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=kept.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(kept)
        _forget_all_but_newest(kept.parent)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _forget_all_but_newest(cache: Path) -> None:
    """Each change of the file leaves a summary that nobody asks for again."""
    newest_first = sorted(cache.glob("*.json"), key=lambda kept: -kept.stat().st_mtime)
    for old in newest_first[_MOST_KEPT:]:
        old.unlink(missing_ok=True)


def _key(content: bytes) -> str:
    version = __version__.encode()
    return hashlib.sha256(version + b"\0" + content).hexdigest()
