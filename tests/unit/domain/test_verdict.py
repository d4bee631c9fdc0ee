from changeover.domain.verdict import Judgement, Verdict, combined

PASSED = Verdict(Judgement.PASSED, "2 of 900 requests failed")
FEW = Verdict(Judgement.INCONCLUSIVE, "3 requests of v2 so far, 100 are needed")
FAILED = Verdict(Judgement.FAILED, "31 of 900 requests failed")


def test_one_failed_gate_fails_all_and_only_its_reason_is_given() -> None:
    assert combined([PASSED, FEW, FAILED]) == FAILED


def test_silence_is_no_pass() -> None:
    assert combined([PASSED, FEW]) == FEW


def test_the_same_reason_is_given_once() -> None:
    assert combined([FEW, FEW]) == FEW
