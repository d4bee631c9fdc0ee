"""Did you mean."""

import pytest

from changeover.interfaces.nearest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("written", "meant"),
    [("replica", "replicas"), ("Give-Up", "give_up"), ("give up", "give_up"), ("helth", "health")],
)
def test_a_typing_error_leads_to_the_name_that_was_meant(written: str, meant: str) -> None:
    assert nearest(written, ("replicas", "give_up", "health")) == meant


def test_nothing_is_suggested_when_nothing_is_close() -> None:
    assert nearest("zzz", ("replicas", "health")) is None
    assert did_you_mean("zzz", ("replicas",)) == ""
