"""`python -m benchmarks`: measure what is installed and write `benchmarks/results.md`."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import switching, throughput
from benchmarks.peers.caddy import CADDY
from benchmarks.peers.haproxy import HAPROXY
from benchmarks.peers.nginx import NGINX
from benchmarks.results import Results, markdown
from benchmarks.switcher import Peer

PEERS: tuple[Peer, ...] = (NGINX, HAPROXY, CADDY)
"""Who is measured. changeover itself joins here, first, as a `Peer` named "changeover" whose
`make` gives a `Switcher` on its agent."""

HERE = Path(__file__).parent


def main() -> None:
    options = _options()
    chosen = [peer for peer in PEERS if peer.name.lower() in options.peers]
    missing = {peer.name: peer.missing() for peer in chosen}
    peers = [peer for peer in chosen if not missing[peer.name]]
    results = Results(
        switching=_switching(peers, rounds=options.rounds, rate_rps=options.rate_rps),
        throughput=_throughput(peers, seconds=options.seconds),
        direct=_direct(seconds=options.seconds),
        hows={peer.name: peer.how for peer in peers},
        left_out={name: f"{what} is missing" for name, what in missing.items() if what},
    )
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "results.md").write_text(markdown(results), encoding="utf-8")
    (options.into / "results.json").write_text(
        json.dumps(asdict(results), indent=2) + "\n", encoding="utf-8"
    )
    print(f"written: {options.into / 'results.md'}")


def _switching(
    peers: Sequence[Peer], *, rounds: int, rate_rps: float
) -> dict[str, switching.SwitchFigures]:
    found = {}
    for peer in peers if rounds else ():
        _say(f"{peer.name}: {rounds} switches under load")
        with tempfile.TemporaryDirectory(prefix="changeover-bench-") as directory:
            found[peer.name] = switching.measure(
                peer, Path(directory), rounds=rounds, rate_rps=rate_rps
            )
    return found


def _throughput(peers: Sequence[Peer], *, seconds: int) -> dict[str, throughput.ThroughputFigures]:
    found = {}
    for peer in peers if _can_drive(seconds) else ():
        _say(f"{peer.name}: {seconds} s of throughput")
        with tempfile.TemporaryDirectory(prefix="changeover-bench-") as directory:
            found[peer.name] = throughput.measure(peer, Path(directory), seconds=seconds)
    return found


def _direct(*, seconds: int) -> throughput.ThroughputFigures | None:
    if not _can_drive(seconds):
        return None
    with tempfile.TemporaryDirectory(prefix="changeover-bench-") as directory:
        return throughput.measure_direct(Path(directory), seconds=seconds)


def _can_drive(seconds: int) -> bool:
    missing = throughput.missing() or NGINX.missing()
    if missing and seconds:
        _say(f"no throughput: {missing} is missing")
    return bool(seconds) and not missing


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    names = [peer.name.lower() for peer in PEERS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=20, help="switches per proxy (0: none)")
    parser.add_argument("--rate-rps", type=float, default=300.0, help="load during switches")
    parser.add_argument("--seconds", type=int, default=10, help="throughput run (0: none)")
    parser.add_argument("--into", type=Path, default=HERE, help="where results.md goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
