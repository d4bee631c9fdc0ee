"""The real command is killed at random moments; whoever comes next finishes its work."""

import random
from pathlib import Path

import pytest

from changeover.testing.load import LoadProcess
from support.mishaps import Kills, killed_deployment
from support.seeds import seed
from support.shopfront import Shopfront, lossless

pytestmark = pytest.mark.slow

KILLS = 3


@pytest.mark.parametrize("strategy", ["rolling", "blue-green", "canary-weight"])
def test_a_killed_command_is_finished_by_resume_or_abort_and_no_request_is_lost(
    tmp_path: Path, strategy: str
) -> None:
    draw = random.Random(seed())
    with Shopfront(tmp_path) as front:
        front.deploy(strategy, "v1")
        with LoadProcess(front.load(strategy)) as load:
            kills = Kills(within_s=front.deploy(strategy, "v2").took_s)
            while kills.count < KILLS:
                version = "v2" if front.serving(strategy) == "v1" else "v1"
                killed_deployment(front, strategy, version, draw, kills)
        assert lossless(load.report) == [], "\n".join(kills.story)
