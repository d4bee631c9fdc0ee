"""A PostgreSQL server of the tests' own: a new cluster in a temporary directory, reached through a
unix socket only, ended and removed with the session."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

_USER = "changeover"
_SETTINGS = {
    "listen_addresses": "",
    "dynamic_shared_memory_type": "mmap",  # nothing in /dev/shm, whatever happens
    "shared_buffers": "16MB",
    "max_connections": "40",
    "autovacuum": "off",
}


class Postgres:
    """A running server. `new_url` gives each test a schema of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)

    def new_url(self) -> str:
        """The URL of a new, empty schema."""
        schema = f"test_{next(self._numbers)}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        options = quote(f"-csearch_path={schema}")
        return f"postgresql://{_USER}@/postgres?host={self._directory}&options={options}"

    @property
    def dsn(self) -> str:
        """For psycopg itself, as the server's superuser."""
        return f"host={self._directory} user={_USER} dbname=postgres"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's server. Without PostgreSQL's programs its tests are skipped, or fail in CI."""
    binaries = server_programs()
    if binaries is None:
        missing = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with serving(binaries, {"fsync": "off"}) as server:
        yield server


@contextmanager
def serving(binaries: Path, settings: dict[str, str]) -> Iterator[Postgres]:
    """Start a new server with `settings`; end and remove it at the end."""
    directory = Path(tempfile.mkdtemp(prefix="changeover-pg-", dir="/tmp"))
    try:
        options: dict[str, Any] = _unprivileged(directory) | {"cwd": directory}
        _initialise(binaries, directory / "data", options)
        arguments = [f"-c{key}={value}" for key, value in (_SETTINGS | settings).items()]
        with (directory / "log").open("wb") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", directory / "data", "-k", directory, *arguments],
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for pytest, which then ends the server
                **options,
            )
        try:
            yield _ready(Postgres(directory), server)
        finally:
            _end(server)
    finally:
        shutil.rmtree(directory)


def server_programs() -> Path | None:
    """Where `initdb` and `postgres` are: the newest version when there are several."""
    candidates = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    usable = [path for path in candidates if (path / "initdb").exists()]
    return max(usable, key=lambda path: path.parent.name.zfill(4), default=None)


def _initialise(binaries: Path, data: Path, options: dict[str, Any]) -> None:
    command = [binaries / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8"]
    command += ["--no-locale", "--no-sync", "--no-instructions"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def _unprivileged(directory: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: arguments for `subprocess` to be somebody else."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    os.chown(directory, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _ready(postgres: Postgres, server: "subprocess.Popen[bytes]") -> Postgres:
    give_up = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(postgres.dsn, connect_timeout=5).close()
            return postgres
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > give_up:
                raise
            time.sleep(0.05)


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGINT)  # "fast": sessions are ended, files removed
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
