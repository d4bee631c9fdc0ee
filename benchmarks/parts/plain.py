"""What most people would do instead: stop the old version, then start the new one, no proxy."""

import time
from pathlib import Path

from tests.support.ports import free_port
from tests.support.shopfront import everything

from benchmarks.backends import Shops
from benchmarks.parts.losses import Losses, losses_of
from changeover.testing.load import LoadProcess

RESTARTS = 10
APART_S = 4.0
"""About what the fastest strategy takes for a deployment."""

INTRODUCTION = f"""\
*Plain restarts*, in the same run and under the same load (less HTTP/2, which the shop itself does
not speak): one process without a proxy, stopped (SIGTERM, which ends it gracefully) and started as
the other version {RESTARTS} times, {APART_S:g} s apart."""


def plain_restarts(directory: Path) -> Losses:
    """What the same load loses on the example shop without anything in front of it."""
    port = free_port()
    versions = ("blue", "green")
    shops = Shops(directory, dict.fromkeys(versions, port))
    try:
        shops.start(versions[0])
        with LoadProcess(everything(port, seconds=3600.0, http2_rps=0.0)) as load:
            for number in range(RESTARTS):
                time.sleep(APART_S)
                shops.stop(versions[number % 2])
                shops.start(versions[(number + 1) % 2])
            time.sleep(APART_S)
    finally:
        shops.stop_all()
    return losses_of(load.report)
