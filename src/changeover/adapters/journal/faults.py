"""What goes wrong with a database, said in words.

JournalUnavailable: may work later, or after a person made room; the run waits.
JournalDamaged: the stored data cannot be used.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from changeover.execution.errors import ChangeoverError, JournalDamaged, JournalUnavailable

_USERS = "no request failed, proxy and replicas do not need the journal"
_SERVING = "what served before serves on"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_MISSING = ("no such table", "no such column", "Could not decode to UTF-8", "42P01", "42703")
_SQLITE = {
    sqlite3.SQLITE_BUSY: (
        "is locked by another process",
        "`fuser {path}` shows which: wait for it, or end it if it hangs, and give the same "
        "command again",
    ),
    sqlite3.SQLITE_LOCKED: ("is locked", "give the same command again"),
    sqlite3.SQLITE_FULL: (
        "cannot be written: the disk is full",
        "make room on the disk of {path}, then `changeover resume`, or the same command again",
    ),
    sqlite3.SQLITE_READONLY: (
        "cannot be written: it is read-only",
        "make {path} and its directory writable for this user",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "make {path} and its directory readable and writable for this user",
    ),
    sqlite3.SQLITE_PERM: ("may not be opened", "make {path} writable for this user"),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written: its disk reports an error or is full",
        "look at the disk of {path}, then `changeover resume`, or the same command again",
    ),
}
_BAD_URL = "url"
_POSTGRESQL = {
    _BAD_URL: ("cannot be connected to", "correct the journal's URL"),
    "08": (
        "does not answer",
        "start the database, then `changeover resume`, or the same command again",
    ),
    "25006": ("is read-only", "point the journal's URL at the primary server"),
    "25P03": ("gave up a transaction", "give the same command again"),
    "28": (
        "refuses the connection",
        "check user, password and name of the database in the journal's URL",
    ),
    "3D": ("does not exist", "create the database, or correct the journal's URL"),
    "3F": ("has no such schema for this user", "create it, or correct the journal's URL"),
    "40": ("gave up a transaction", "give the same command again"),
    "42501": ("may not be used by this user", "grant this user CREATE and USAGE on the schema"),
    "53100": (
        "cannot be written: its disk is full",
        "make room, then `changeover resume`, or the same command again",
    ),
    "53": ("has no room for this connection", "give the same command again"),
    "55P03": ("is locked by another session", "give the same command again"),
    "57": (
        "is shutting down or gave up a statement",
        "start it, then `changeover resume`, or the same command again",
    ),
}
"""By SQLSTATE or its class; the longest match counts."""


class Undecodable(Exception):
    """Something stored is not what this changeover writes; `in_words` says so to people."""


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """`what` is being decoded. Raises: Undecodable."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise Undecodable(f"{what} cannot be read ({error})") from error


@contextmanager
def in_words(name: str, path: str) -> Iterator[None]:
    """Turn any error of the database into one of ours. `name` says what is meant in a sentence
    (without a password); `path` is the file, or "" for a server.

    Raises: JournalUnavailable, JournalDamaged.
    """
    try:
        yield
    except ChangeoverError:
        raise
    except (Undecodable, sa.exc.NoResultFound, sa.exc.MultipleResultsFound) as error:
        raise damaged(name, path, str(error)) from error
    except sa.exc.DBAPIError as error:
        raise _worded(error.orig, name, path) from error
    except OSError as error:
        hint = f"make {path} and its directory readable and writable for this user"
        raise _unavailable(name, f"cannot be opened ({error.strerror})", hint) from error


def damaged(name: str, path: str, detail: str) -> JournalDamaged:
    """The stored data cannot be used; `detail` is what was seen."""
    file = (
        f"keep a copy of {path}; then put a backup of it in its place, or move it away together "
        f"with {path}-wal and {path}-shm: `changeover adopt` starts a new one with what serves now"
    )
    return JournalDamaged(
        f"{name} is damaged: {detail}. Nothing was changed.",
        users=_USERS,
        serving=_SERVING,
        hint=file if path else "put a backup of the database in its place",
    )


def _worded(error: BaseException | None, name: str, path: str) -> ChangeoverError:
    detail = str(error).strip().partition("\n")[0]
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED or any(part in detail for part in _MISSING):
            return damaged(name, path, detail)
        what, hint = _SQLITE.get(code, (f"cannot be used ({detail})", ""))
        return _unavailable(name, what, hint.format(path=path))
    state = _state(error, detail)
    if state in _MISSING:
        return damaged(name, path, detail)
    keys = [key for key in _POSTGRESQL if state.startswith(key)]
    what, hint = _POSTGRESQL[max(keys, key=len)] if keys else ("cannot be used", "")
    return _unavailable(name, f"{what} ({detail})", hint)


def _state(error: BaseException | None, detail: str) -> str:
    """The SQLSTATE; where a connection was never made libpq tells none, and only its text says
    whether a server answered."""
    if state := getattr(error, "sqlstate", None):
        return str(state)
    if "invalid connection option" in detail:
        return _BAD_URL
    refused = "FATAL:" in detail or "no password supplied" in detail
    return "28" if refused else "08"


def _unavailable(name: str, what: str, hint: str) -> JournalUnavailable:
    return JournalUnavailable(
        f"{name} {what}.",
        users=_USERS,
        serving=_SERVING,
        hint=hint or "when it is back: `changeover status`",
    )
