"""Deployments by the real command, through the real proxy, under load: nobody loses a request."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.testing.load import LoadProcess
from support.mishaps import aborted_deployment
from support.shopfront import STRATEGIES, Shopfront, lossless

pytestmark = pytest.mark.slow


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Shopfront]:
    with Shopfront(tmp_path) as front:
        yield front


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_deployments_in_a_row_and_aborts_in_the_middle_lose_no_request(
    front: Shopfront, strategy: str
) -> None:
    front.deploy(strategy, "v1")
    with LoadProcess(front.load(strategy)) as load:
        took_s = [front.deploy(strategy, version).took_s for version in ("v2", "v3")]
        assert front.serving(strategy) == "v3"
        for place, by in ((0.3, "ctrl-c"), (0.6, "abort")):
            after_s = place * min(took_s)
            aborted_deployment(front, strategy, f"v4-{by}", after_s=after_s, by=by)
    assert lossless(load.report) == []
    served = load.report.scenario("get").by_version
    assert {"v1", "v2", "v3"} <= set(served), served


def test_a_websocket_ends_with_a_close_frame_and_only_at_its_drain_deadline(
    tmp_path: Path,
) -> None:
    """A deployment waits for websockets as long as `drain` says."""
    with Shopfront(tmp_path, drain="2s") as front:
        front.deploy("blue-green", "v1")
        with LoadProcess(front.load("blue-green")) as load:
            done = front.deploy("blue-green", "v2")
    assert lossless(load.report) == []
    assert load.report.scenario("websocket").websocket_ends["close frame 1001"] == 3
    assert done.took_s >= 2.0


def test_the_proxy_is_upgraded_and_used_at_once_and_no_request_is_lost(front: Shopfront) -> None:
    front.deploy("rolling", "v1")
    with LoadProcess(front.load("rolling")) as load:
        upgraded = front.run("proxy", "upgrade")
        assert upgraded.code == 0, upgraded.said
        front.deploy("rolling", "v2")
        assert front.serving("rolling") == "v2"
    assert lossless(load.report) == []
    assert "epoch 1" in upgraded.said
