"""A real shop on a free port for each test that asks for one."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.running_shop import RunningShop

SHOP = Path(__file__).parents[4] / "examples" / "shop"


@pytest.fixture
def start_shop(tmp_path: Path) -> Iterator[Callable[..., RunningShop]]:
    shops: list[RunningShop] = []

    def start(version: str = "v1", **changes: object) -> RunningShop:
        into = tmp_path / f"{version}-{len(shops)}"
        build = [sys.executable, str(SHOP / "build.py"), "--version", version, "--into", str(into)]
        changed = {"start_s": 0, **changes}
        sets = [part for key, value in changed.items() for part in ("--set", f"{key}={value}")]
        subprocess.run([*build, *sets], check=True, stdout=subprocess.DEVNULL)
        process = subprocess.Popen(
            [sys.executable, str(into / "shop.py"), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        shops.append(RunningShop(process, f"http://{address}"))
        return shops[-1]

    yield start
    for shop in shops:
        shop.process.kill()
        shop.process.wait()
        assert shop.process.stdout is not None
        shop.process.stdout.close()
