"""Errors with their exit codes, and the events and states of a run."""

import inspect

from words import code, doc, page, summary, table, trailing_comments

from changeover.domain.event import Event, EventKind
from changeover.domain.run import RunStatus, SignalKind
from changeover.execution import errors

EXIT_CODES = (
    ("0", "done"),
    ("1", "failed, and safely back on the stable version"),
    ("2", "wrong usage or configuration; nothing was touched"),
    ("3", "needs a person"),
    ("4", "refused; nothing was changed"),
)


def error_classes() -> list[type[errors.ChangeoverError]]:
    """Every class of the tree, each after the one it is made from, as in the file."""
    return [
        thing
        for thing in vars(errors).values()
        if inspect.isclass(thing) and issubclass(thing, errors.ChangeoverError)
    ]


def errors_page() -> str:
    rows = [
        [code(cls.__name__), code(cls.__bases__[0].__name__), str(cls.exit_code), summary(cls)]
        for cls in error_classes()
    ]
    return page(
        "Errors and exit codes",
        "Every message says what happened to what, whether users were hurt, what serves now, and "
        "in the line `hint:` what to do next.",
        "## Exit codes",
        table(["code", "meaning"], EXIT_CODES),
        "## Errors",
        "All are in `changeover.execution.errors`. The second column is the class that each is a "
        "kind of: catch that to catch them all.",
        table(["error", "kind of", "exit code", "meaning"], rows),
    )


def events_page() -> str:
    kinds = [[code(kind), words] for kind, words in trailing_comments(EventKind).items()]
    states = [[code(state), words] for state, words in trailing_comments(RunStatus).items()]
    signals = ", ".join(code(kind) for kind in SignalKind)
    return page(
        "Events and states of a run",
        "`changeover deploy --json` prints one event a line; notifiers receive the same ones.",
        "## Fields",
        f"```text\n{doc(Event)}\n```",
        "## Kinds",
        table(["kind", "what has happened"], kinds),
        "## States",
        table(["state", "meaning"], states),
        f"People steer a run from any terminal with these signals: {signals}.",
    )
