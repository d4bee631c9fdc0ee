"""What `status` says of a run is true at every moment."""

import time

import pytest

from changeover.adapters.journal.glance import ActiveRun, Glance
from changeover.domain.service import ServiceId
from changeover.interfaces.cli.standing import in_words
from changeover.interfaces.operations.status import Status


def said(status: str, *, gone_s: float, carried: bool) -> str:
    """A status whose run bakes for 4 s, and has done so for `gone_s`."""
    run = ActiveRun(
        run_id="r1",
        kind="deploy",
        strategy="canary",
        status=status,
        cause="",
        from_version="v1",
        to_version="v2",
        created_at=0.0,
        created_by="ann",
        ended_at=None,
        phase="forward",
        step_index=3,
        step_total=13,
        step={"kind": "bake", "duration_s": 4.0},
        started_at=time.time() - gone_s,
        memo={},
        owner="o1",
        lease_until=0.0,
    )
    seen = Status(
        service=ServiceId("production", "shop"),
        glance=Glance(active=run, serving=None, past=()),
        carried=carried,
        routing=None,
        replicas=(),
    )
    return "\n".join(in_words(seen))


def test_a_step_never_stands_at_more_than_its_whole_time() -> None:
    assert " s of 4 s" in said("running", gone_s=0.0, carried=True)
    longer = said("running", gone_s=3600.0, carried=True)
    assert "of 4 s" not in longer
    assert "; 4 s were planned" in longer


@pytest.mark.parametrize("status", ["held", "paused", "stuck"])
def test_a_run_that_waits_does_not_count_on(status: str) -> None:
    assert "step 4 of 13: bake\n" in said(status, gone_s=3600.0, carried=False)


def test_a_held_run_says_what_each_answer_does() -> None:
    text = said("held", gone_s=1.0, carried=False)
    assert all(f"`changeover {answer}`" in text for answer in ("approve", "resume", "abort"))
