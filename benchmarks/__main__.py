"""`python -m benchmarks [PART ...]`: measure, and write `benchmarks/results.md`."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.parts import endpoints, engine, idle, kills, switching, throughput, zero_loss
from benchmarks.peers.caddy import CADDY
from benchmarks.peers.envoy import BARE_ENVOY
from benchmarks.peers.haproxy import HAPROXY
from benchmarks.peers.nginx import NGINX
from benchmarks.peers.ours import OURS
from benchmarks.results import Part, store, write_page
from benchmarks.switcher import Peer, Proxy, Switcher

SWITCHED: tuple[Peer[Switcher], ...] = (OURS, NGINX, HAPROXY, CADDY)
DRIVEN: tuple[Peer[Proxy], ...] = (OURS, BARE_ENVOY, NGINX, HAPROXY, CADDY)
HERE = Path(__file__).parent


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # end what was started on the way out
    options = _options()
    parts = _parts(options)
    options.into.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if part.name in options.parts:
            _say(f"{part.name}: {part.title}")
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="changeover-bench-") as directory:
                section = part.run(Path(directory))
            store(options.into, part, section, command=_command(part, options))
            _say(f"{part.name}: {time.monotonic() - began:.0f} s")
    _say(f"written: {write_page(options.into, parts)}")


def _parts(options: argparse.Namespace) -> Sequence[Part]:
    """Every part with the size that was asked for, in the order of the page."""
    deploys = partial(zero_loss.run, deployments=options.deployments, aborts=options.aborts)
    return (
        Part("zero_loss", "Deployments in a row under load", deploys),
        Part(
            "kills",
            "SIGKILLs of the command under load",
            partial(kills.run, kills=options.kills, seed=options.seed),
        ),
        Part(
            "switch",
            "A blue/green switch beside other proxies",
            partial(switching.run, peers=SWITCHED, rounds=options.rounds),
        ),
        Part(
            "throughput",
            "Throughput beside other proxies",
            partial(throughput.run, peers=DRIVEN, seconds=options.seconds, rounds=options.rounds),
        ),
        Part("engine", "The engine's own time", engine.run),
        Part("idle", "Memory and CPU when nothing happens", partial(idle.run, peers=DRIVEN[1:])),
        Part("endpoints", "A service with 10,000 endpoints", endpoints.run),
    )


def _command(part: Part, options: argparse.Namespace) -> str:
    """The command that repeats the measurement."""
    sizes = {
        "zero_loss": f" --deployments {options.deployments} --aborts {options.aborts}",
        "kills": f" --kills {options.kills} --seed {options.seed}",
        "switch": f" --rounds {options.rounds}",
        "throughput": f" --rounds {options.rounds} --seconds {options.seconds}",
    }
    return f"python -m benchmarks {part.name}{sizes.get(part.name, '')}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    names = ["zero_loss", "kills", "switch", "throughput", "engine", "idle", "endpoints"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=names, default=names, metavar="PART")
    parser.add_argument("--deployments", type=int, default=20, help="in a row, each strategy")
    parser.add_argument("--aborts", type=int, default=10, help="in the middle, each strategy")
    parser.add_argument("--kills", type=int, default=200, help="over all strategies")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of kills")
    parser.add_argument(
        "--rounds", type=int, default=20, help="of switches and of turns, each proxy"
    )
    parser.add_argument("--seconds", type=int, default=1, help="of each turn under wrk")
    parser.add_argument("--into", type=Path, default=HERE, help="where results.md goes")
    options = parser.parse_args()
    options.parts = options.parts or names
    return options


if __name__ == "__main__":
    main()
