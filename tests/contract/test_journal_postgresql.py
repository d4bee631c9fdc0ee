"""What a journal on PostgreSQL makes of a server that has troubles of its own."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from changeover.adapters.journal.opening import open_journal
from changeover.domain.run import Phase
from changeover.execution.errors import JournalUnavailable, RunActive
from support.journals import SHOP, PostgresqlStorage, begin
from support.postgres import Postgres

pytestmark = pytest.mark.slow


@pytest.fixture
def storage(postgres: Postgres) -> Iterator[PostgresqlStorage]:
    made = PostgresqlStorage(postgres.new_url())
    yield made
    made.close()


def test_a_session_that_the_server_ended_is_replaced(
    storage: PostgresqlStorage, postgres: Postgres
) -> None:
    journal = storage.open()
    claim = asyncio.run(begin(journal))
    with psycopg.connect(postgres.dsn, autocommit=True) as administrator:
        ended = administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'changeover'"
        ).fetchall()
    assert ended
    asyncio.run(journal.start_step(claim, Phase.FORWARD, 0))
    assert asyncio.run(journal.run("run-1")).steps[0].attempt == 1


def test_a_read_only_server_is_said_to_be_one(storage: PostgresqlStorage) -> None:
    journal = open_journal(f"{storage.url}%20-cdefault_transaction_read_only%3Don")
    with pytest.raises(JournalUnavailable, match="read-only") as error:
        asyncio.run(begin(journal))
    asyncio.run(journal.close())
    assert "primary" in error.value.hint


@pytest.mark.parametrize(
    ("grant", "words"), [("", "no such schema"), ("GRANT USAGE", "may not be used")]
)
def test_a_user_without_rights_is_told_so(
    storage: PostgresqlStorage, postgres: Postgres, grant: str, words: str
) -> None:
    name = f"stranger_{storage.schema}"
    with psycopg.connect(postgres.dsn, autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {name} LOGIN")
        if grant:
            administrator.execute(f"{grant} ON SCHEMA {storage.schema} TO {name}")
    journal = open_journal(storage.url.replace("changeover@", f"{name}@"))
    with pytest.raises(JournalUnavailable, match=words):
        asyncio.run(begin(journal))
    asyncio.run(journal.close())


def test_who_is_refused_at_the_door_is_told_so_not_to_start_the_database(
    storage: PostgresqlStorage,
) -> None:
    for url in (
        storage.url.replace("changeover@", "nobody:geheim@"),
        storage.url.replace("/postgres?", "/no_such_database?"),
    ):
        journal = open_journal(url)
        with pytest.raises(JournalUnavailable, match="refuses the connection") as error:
            asyncio.run(journal.active(SHOP))
        asyncio.run(journal.close())
        assert "journal's URL" in error.value.hint
        assert "geheim" not in str(error.value)


def test_an_option_that_libpq_does_not_know_is_told_so(storage: PostgresqlStorage) -> None:
    journal = open_journal(f"{storage.url}&sslmod=require")
    with pytest.raises(JournalUnavailable, match="sslmod") as error:
        asyncio.run(journal.active(SHOP))
    asyncio.run(journal.close())
    assert "journal's URL" in error.value.hint


def test_a_server_whose_clock_went_back_holds_no_lease_longer_than_its_length(
    storage: PostgresqlStorage,
) -> None:
    async def story() -> None:
        journal = storage.open()
        await begin(journal)
        storage.pass_time(-86_400)
        with pytest.raises(RunActive):
            await journal.claim("run-1", owner="second", lease_s=30)
        run = await journal.active(SHOP)
        assert run is not None
        assert run.lease_until < run.created_at + 60
        storage.pass_time(31)
        await journal.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())
