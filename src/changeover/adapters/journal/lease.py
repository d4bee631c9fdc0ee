"""Who may act for a service: one owner at a time, each with a fence higher than any before.

Every write of a claim begins with `check`: the newest fence of the service is compared and the
lease made longer in the same transaction. The row stays locked until that transaction ends, so
all writes of one service happen one after another.

When clocks are set: on SQLite nothing changes, leases run by the machine's steady clock. On
PostgreSQL they run by the server's clock. Set forward, it lets another process take over before
the lease is really over: the fence then stops the first one at its next write, and hosts and
proxies refuse it, so that the two never act both. Set back, see `locked`. A run whose owner is
asleep, frozen or cut off from the database is in no hurry to lose it: while nobody has taken
over, its next write makes the lease last again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.owner import described
from changeover.adapters.journal.tables import LEASES
from changeover.domain.run import Claim
from changeover.domain.service import ServiceId
from changeover.execution.errors import LeaseLost

IsAlive = Callable[[str], bool | None]
"""Whether the process an owner stands for still runs; None when that cannot be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The lease of one service, as it is now.

    owner:       None when it was given back. remaining_s: seconds until it is over, at most
                 its length; 0 or less when it is over or was given back.
    """

    fence: int
    run_id: str | None
    owner: str | None
    remaining_s: float

    def held(self, is_alive: IsAlive) -> bool:
        """Whether somebody may still act: the lease is not over and its owner not dead."""
        if self.owner is None or self.remaining_s <= 0:
            return False
        return is_alive(self.owner) is not False


NO_LEASE = Lease(fence=0, run_id=None, owner=None, remaining_s=0.0)
"""Of a service that never had a run."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim whose fence is the newest. now: seconds since the epoch; held: the lease was not
    given back."""

    now: float
    held: bool


def locked(tx: Transaction, service: ServiceId) -> Lease:
    """The lease of `service`, locked until the transaction ends; made if there was none.

    A lease that reaches further than its own length was written before the clock went back or
    the machine was restarted. It is cut to its length from now: an owner that lives makes it
    longer again, one that is gone loses it at last.
    """
    tx.connection.execute(
        sa.text(
            "INSERT INTO changeover_leases (environment, name, fence, expires, lease_s)"
            " VALUES (:environment, :name, 0, 0, 0) ON CONFLICT DO NOTHING"
        ),
        {"environment": service.environment, "name": service.name},
    )
    remaining = (LEASES.c.expires - tx.steady).label("remaining")
    where = _of(service)
    row = tx.connection.execute(sa.select(LEASES, remaining).where(where).with_for_update()).one()
    if row.owner is not None and row.remaining > row.lease_s:
        cut = sa.update(LEASES).where(where).values(expires=tx.steady + row.lease_s)
        tx.connection.execute(cut)
    return as_lease(row)


def as_lease(row: sa.Row[tuple[object, ...]]) -> Lease:
    """From a row of the table with the column `remaining` added."""
    fields = row._mapping
    given_back = fields["owner"] is None
    return Lease(
        fence=fields["fence"],
        run_id=fields["run_id"],
        owner=fields["owner"],
        remaining_s=0.0 if given_back else min(fields["remaining"], fields["lease_s"]),
    )


def take(
    tx: Transaction, service: ServiceId, run_id: str, *, owner: str, lease_s: float, above: int
) -> Claim:
    """Make `owner` the owner, with a fence higher than `above`. The caller has locked the lease
    and found it free."""
    fence = above + 1
    tx.connection.execute(
        sa.update(LEASES)
        .where(_of(service))
        .values(
            fence=fence,
            run_id=run_id,
            owner=owner,
            lease_s=lease_s,
            expires=tx.steady + lease_s,
        )
    )
    return Claim(run_id, service, owner, fence)


def check(tx: Transaction, claim: Claim) -> Checked:
    """Make the claim's lease last its length from now, unless it was given back.

    Raises: LeaseLost (the claim's fence is not the newest of its service).
    """
    longer = sa.case(
        (LEASES.c.owner.is_(None), LEASES.c.expires), else_=tx.steady + LEASES.c.lease_s
    )
    row = tx.connection.execute(
        sa.update(LEASES)
        .where(_of(claim.service), LEASES.c.fence == claim.fence)
        .values(expires=longer)
        .returning(LEASES.c.owner, tx.now.label("now"))
    ).one_or_none()
    if row is None:
        raise _lost(tx, claim)
    return Checked(row.now, held=row.owner is not None)


def check_held(tx: Transaction, claim: Claim) -> Checked:
    """As `check`, for writes that only somebody who acts may do.

    Raises: LeaseLost (there is a newer fence, or this claim was given back).
    """
    checked = check(tx, claim)
    if not checked.held:
        raise given_back(claim)
    return checked


def fresh(tx: Transaction, claim: Claim) -> bool:
    """Whether the claim holds the lease and more than three quarters of its length are left.
    Reads only, so that asking often costs no write to the disk."""
    left = LEASES.c.expires - tx.steady
    query = sa.select(LEASES.c.fence).where(
        _of(claim.service),
        LEASES.c.fence == claim.fence,
        left > 0.75 * LEASES.c.lease_s,
    )
    return tx.connection.execute(query).one_or_none() is not None


def give_back(tx: Transaction, claim: Claim) -> None:
    """End the lease now. Nothing happens when the claim's fence is not the newest."""
    tx.connection.execute(
        sa.update(LEASES)
        .where(_of(claim.service), LEASES.c.fence == claim.fence)
        .values(owner=None, expires=0.0)
    )


def given_back(claim: Claim) -> LeaseLost:
    """The error for a claim that acts on after it gave its lease back."""
    return LeaseLost(
        f"This process gave back its right to act for run {claim.run_id} of {claim.service} "
        f"(fence {claim.fence}) and must not go on.",
        hint="`changeover status`",
    )


def _lost(tx: Transaction, claim: Claim) -> LeaseLost:
    query = sa.select(LEASES).where(_of(claim.service))
    row = tx.connection.execute(query).one_or_none()
    by = "this journal does not know it"
    if row is not None and row.fence > claim.fence:
        who = described(row.owner) if row.owner else "another process, which has ended its part"
        by = f"taken over by {who} (run {row.run_id}, fence {row.fence})"
    return LeaseLost(
        f"This process may no longer act for run {claim.run_id} of {claim.service} "
        f"(fence {claim.fence}): {by}. It has stopped.",
        hint="`changeover status`",
    )


def _of(service: ServiceId) -> sa.ColumnElement[bool]:
    return sa.and_(LEASES.c.environment == service.environment, LEASES.c.name == service.name)
