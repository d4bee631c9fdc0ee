"""One event a line, for machines.

Each line is a JSON object with these keys, always all of them:

    id    rises within a run; 0 for progress, which is not stored
    at    seconds since the epoch
    kind  see `EventKind`
    run   the run's id
    text  a sentence for people
    data  an object; its keys depend on the kind, new ones may come
"""

import json
from typing import TextIO

from changeover.domain.event import Event


class JsonLines:
    """Writes to `out`, flushed after each line; pure ASCII, whatever the locale."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    async def send(self, event: Event) -> None:
        self._out.write(line(event) + "\n")
        self._out.flush()


def line(event: Event) -> str:
    """The event as one line, without its end."""
    return json.dumps(
        {
            "id": event.id,
            "at": event.at,
            "kind": event.kind.value,
            "run": event.run_id,
            "text": event.text,
            "data": dict(event.data),
        }
    )
