"""`python -m examples.demo`: see `make demo`."""

import argparse
import sys

from rich.console import Console
from rich.text import Text

from changeover.execution.errors import ChangeoverError
from examples.demo.interruption import Interrupted, Interruption
from examples.demo.show import FAST, NORMAL, Demo, Disappointed, viewing


def main() -> int:
    """0 when all went as promised, 1 when it did not, 128 + the signal when it was interrupted."""
    options = _options()
    interruption = Interruption()
    view = viewing(Console(highlight=False), interruption)
    demo = Demo(view, interruption, FAST if options.fast else NORMAL)
    try:
        return demo.run(playing=options.play)
    except Interrupted as interrupted:
        print(
            f"\nEnded by {interrupted}. Nothing of the demo runs any more, its files are removed."
        )
        return 128 + interrupted.number
    except (Disappointed, ChangeoverError, RuntimeError, OSError) as problem:
        Console(stderr=True, highlight=False).print(
            Text("\nThe demo failed. ", "bold red").append(str(problem), "not bold default")
        )
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo",
        description="Takes an example shop through four deployments under live load.",
    )
    parser.add_argument("--fast", action="store_true", help="no time to read, short bakes")
    parser.add_argument("--play", action="store_true", help="shop and users; you deploy")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
