"""The same journal on PostgreSQL."""

import pytest

from support.postgres import Postgres
from support.workshop import Workshop, canary

pytestmark = pytest.mark.slow


def test_a_run_with_its_journal_on_postgresql_is_killed_and_resumed(
    shop: Workshop, postgres: Postgres
) -> None:
    shop.env["JOURNAL"] = postgres.new_url()
    shop.write(journal="${JOURNAL}")
    shop.deploy("v1")
    shop.write(strategy=canary("5s"))
    shop.build("v2")
    first = shop.begin("deploy", "v2")
    first.until("bake for 5 s")
    first.kill()
    seen = shop.status()["run"]
    assert (seen["status"], seen["carried"]) == ("running", False)
    shop.run("deploy", "v2").tells(4, "interrupted", "`changeover resume`")
    assert shop.run("resume").code == 0
    assert shop.visits() == {"v2"}
    history = shop.run("history", "--json").events()
    assert [(r["to_version"], r["status"]) for r in history] == [
        ("v2", "succeeded"),
        ("v1", "succeeded"),
    ]
    assert shop.run("rollback").code == 0
    assert shop.visits() == {"v1"}
    assert not (shop.state / "journal.db").exists()


def test_a_database_that_is_away_is_said_and_hurts_nobody(shop: Workshop) -> None:
    shop.deploy("v1")
    shop.write(journal="postgresql://nobody@127.0.0.1:1/none")
    for command in ("deploy", "status", "history", "abort"):
        shop.run(command).tells(3, "no request failed", "what served before serves on", "hint:")
    assert shop.visits() == {"v1"}
