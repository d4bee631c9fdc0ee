"""A journal on PostgreSQL that cannot be reached."""

import asyncio
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from changeover.adapters.journal.faults import in_words
from changeover.adapters.journal.opening import open_journal
from changeover.execution.errors import ConfigurationError, JournalUnavailable
from support.journals import SHOP


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Path, scheme: str) -> None:
    journal = open_journal(f"{scheme}://ann:geheim@/shop?host={tmp_path}")
    with pytest.raises(JournalUnavailable, match="does not answer") as error:
        asyncio.run(journal.active(SHOP))
    asyncio.run(journal.close())
    said = str(error.value)
    assert "postgresql://ann:***@/shop" in said
    assert "geheim" not in said
    assert "no request failed" in said


@pytest.mark.parametrize(
    "name", ["DeadlockDetected", "SerializationFailure", "IdleInTransactionSessionTimeout"]
)
def test_a_transaction_that_was_given_up_may_be_tried_again(name: str) -> None:
    cause: psycopg.Error = getattr(psycopg.errors, name)("gone")
    with pytest.raises(JournalUnavailable, match="gave up") as error, in_words("The journal", ""):
        raise sa.exc.DBAPIError("SELECT 1", None, cause)
    assert "same command again" in error.value.hint


def test_a_url_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_journal("postgresql://host:port:again/name")
