"""Reads the commands and files that a Markdown document shows, and does what a reader would do.

Markers are comments, so a reader never sees them. Each stands on the line above its fence:

    <!-- run -->             the `$ ` lines of a console block are run, one after another; the
                             other lines must appear in the output in that order (`...` stands
                             for anything). `<!-- run: exit 1 -->` expects that exit code, and
                             `<!-- run: clone -->` runs in this working copy.
    <!-- file: NAME -->      the block is written to NAME.
    <!-- ports: 8080 ... --> anywhere: these numbers are replaced by free ports.
    <!-- leaves nothing running --> anywhere: at the end no process may be left.
"""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARKED_BLOCK = re.compile(
    r"^<!-- (?P<kind>run|file)(?:: (?P<detail>[^>]+?))? -->\n```[^\n]*\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PORTS = re.compile(r"<!-- ports: ([\d ]+) -->")


@dataclass(frozen=True, slots=True)
class Shown:
    """One command of a document, with what the document says comes of it."""

    command: str
    expected: tuple[str, ...]
    exit_code: int = 0
    in_clone: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One file that the document tells its reader to write."""

    name: str
    content: str


def read(path: Path) -> list[Shown | Written]:
    """What `path` asks its reader to do, in order, on ports that are free now."""
    text = with_free_ports(path.read_text())
    done: list[Shown | Written] = []
    for block in MARKED_BLOCK.finditer(text):
        detail = block["detail"] or ""
        if block["kind"] == "file":
            done.append(Written(detail, block["body"]))
        else:
            done += commands(block["body"], detail)
    return done


def with_free_ports(text: str) -> str:
    """`text` with every port that its marker names replaced by a free one, all different."""
    wanted = {port for found in PORTS.findall(text) for port in found.split()}
    sockets = {port: socket.create_server(("127.0.0.1", 0)) for port in sorted(wanted)}
    for port, listener in sockets.items():
        text = re.sub(rf"\b{port}\b", str(listener.getsockname()[1]), text)
        listener.close()
    return text


def commands(body: str, detail: str) -> Iterator[Shown]:
    """The commands of one console block."""
    exit_code = int(detail.removeprefix("exit ")) if detail.startswith("exit ") else 0
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        more = [line[2:] for line in lines[1:] if line.startswith("> ")]
        expected = tuple(line for line in lines[1 + len(more) :] if line.strip() not in ("", "..."))
        yield Shown("\n".join([lines[0], *more]), expected, exit_code, detail == "clone")


def missing(expected: tuple[str, ...], output: str) -> str | None:
    """The first expected line that does not come after the ones before it; None when all do."""
    lines = iter(output.splitlines())
    for wanted in expected:
        pattern = ".*".join(re.escape(piece) for piece in wanted.strip().split("..."))
        if not any(re.search(pattern, line) for line in lines):
            return wanted
    return None
