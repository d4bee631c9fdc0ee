"""A journal on PostgreSQL that cannot be reached."""

import asyncio
from pathlib import Path

import pytest

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


def test_a_url_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_journal("postgresql://host:port:again/name")
