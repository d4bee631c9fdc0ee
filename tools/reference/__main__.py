"""Writes docs/reference from the code: `make docs`. With a directory as argument, there."""

import importlib
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))

from commands import commands_page  # noqa: E402
from configuration import configuration_page, strategies_page  # noqa: E402
from outcomes import errors_page, events_page  # noqa: E402
from python_api import api_page  # noqa: E402


def command_line() -> str:
    if importlib.util.find_spec("changeover.interfaces.cli.proxy") is None:
        return ""
    return commands_page(importlib.import_module("changeover.interfaces.cli.main").cli)


def pages() -> dict[str, str]:
    """File name and text of every page whose subject is built."""
    written = {
        "commands.md": command_line(),
        "configuration.md": configuration_page(),
        "errors.md": errors_page(),
        "events.md": events_page(),
        "python.md": api_page(),
        "strategies.md": strategies_page(),
    }
    return {name: text for name, text in written.items() if text}


def main() -> None:
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "reference"
    into.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (into / name).write_text(text)


if __name__ == "__main__":
    main()
