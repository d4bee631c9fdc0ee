"""The journal's tables, for building queries. `migrations` makes them; a test compares the two.

Times are seconds since the epoch, except `leases.expires`: that is on the clock which leases run
by (see `database`). JSON is stored as text.
"""

from typing import Any

import sqlalchemy as sa


class StorableText(sa.types.TypeDecorator[str]):
    """Text in which what a database cannot hold (NUL, half surrogates of undecodable output) is
    written as an escape, so that a strange error message never keeps a run from its journal."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """`value` as it is stored."""
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """`text` as `StorableText` stores it."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


METADATA = sa.MetaData()

LEASES = sa.Table(
    "changeover_leases",
    METADATA,
    sa.Column("environment", StorableText, primary_key=True),
    sa.Column("name", StorableText, primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("run_id", StorableText),
    sa.Column("owner", StorableText),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("lease_s", sa.Double, nullable=False),
)
"""One row a service, for ever: the fence rises over all its runs. No owner: given back."""

RUNS = sa.Table(
    "changeover_runs",
    METADATA,
    sa.Column("run_id", StorableText, primary_key=True),
    sa.Column("environment", StorableText, nullable=False),
    sa.Column("name", StorableText, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("strategy", StorableText, nullable=False),
    sa.Column("from_version", StorableText),
    sa.Column("to_version", StorableText, nullable=False),
    sa.Column("slots", StorableText, nullable=False),
    sa.Column("release", StorableText, nullable=False),
    sa.Column("plan", StorableText, nullable=False),
    sa.Column("back", StorableText),
    sa.Column("status", StorableText, nullable=False),
    sa.Column("cause", StorableText, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("created_by", StorableText, nullable=False),
    sa.Column("ended_at", sa.Double),
)
"""`number` is the fence a run was created with: the order of a service's runs, whatever the
clock did. `release` and `slots` are what serves when the run succeeds."""

STEPS = sa.Table(
    "changeover_steps",
    METADATA,
    sa.Column("run_id", StorableText, primary_key=True),
    sa.Column("phase", StorableText, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("finished_at", sa.Double),
    sa.Column("outcome", StorableText),
    sa.Column("memo", StorableText, nullable=False),
)

SIGNALS = sa.Table(
    "changeover_signals",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("run_id", StorableText, nullable=False),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("who", StorableText, nullable=False),
    sa.Column("sent_at", sa.Double, nullable=False),
    sa.Column("taken_by", sa.BigInteger),
    sa.Column("settled", sa.Integer, nullable=False),
)
"""`taken_by` is the fence of who took it; `settled` is 1 once something came of it."""

EVENTS = sa.Table(
    "changeover_events",
    METADATA,
    sa.Column("run_id", StorableText, primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("text", StorableText, nullable=False),
    sa.Column("data", StorableText, nullable=False),
)
