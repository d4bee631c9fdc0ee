"""A database for coroutines: each call is one transaction, all of them in one thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from changeover.adapters.journal.database import Database, Transaction

_P = ParamSpec("_P")
_T = TypeVar("_T")


class DatabaseThread:
    """Runs functions of a `Transaction`, one after another. A call that is cancelled after it has
    begun is carried to its end all the same."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._closed = False

    async def write(
        self, call: Callable[Concatenate[Transaction, _P], _T], *args: _P.args, **named: _P.kwargs
    ) -> _T:
        """What `call` returns, once what it wrote is on the disk. Raises: as `Database.write`, and
        what `call` raises; nothing of it is stored then."""

        def transaction() -> _T:
            with self._database.write() as tx:
                return call(tx, *args, **named)

        return await self._run(transaction)

    async def read(
        self, call: Callable[Concatenate[Transaction, _P], _T], *args: _P.args, **named: _P.kwargs
    ) -> _T:
        """What `call` returns, which only reads. Raises: as `Database.read`, and what `call`
        raises."""

        def transaction() -> _T:
            with self._database.read() as tx:
                return call(tx, *args, **named)

        return await self._run(transaction)

    async def close(self) -> None:
        """Give back connections and end the thread, after the call that is under way. May be
        repeated."""
        if not self._closed:
            self._closed = True
            await self._run(self._database.dispose)
            self._thread.shutdown()

    async def _run(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
