"""Builds one release of the shop: `python3 build.py --version v2 --into dist/v2`.

The artifact is a directory with the code of `app/` and the release's own `release.json`. Known
releases are the files in `releases/`; `--set error_ratio=0.1` makes one with other behaviour.
"""

import argparse
import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def build(version: str, into: Path, changes: dict[str, object] | None = None) -> Path:
    """Write the artifact of `version` into the directory `into` (made new) and return it.

    A version that `releases/` does not know behaves like v1; `changes` are other values for
    its `release.json`.
    """
    known = HERE / "releases" / f"{version}.json"
    release = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    release |= {"version": version, **(changes or {})}
    if into.exists():
        if any(into.iterdir()) and not (into / "release.json").exists():
            raise SystemExit(f"build: {into} has something else in it; name another directory")
        shutil.rmtree(into)
    shutil.copytree(HERE / "app", into, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (into / "release.json").write_text(json.dumps(release, indent=2) + "\n", encoding="utf-8")
    return into


def _change(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("is KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True, help="e.g. v1, v2, broken-errors")
    parser.add_argument("--into", type=Path, required=True, help="directory to write")
    parser.add_argument("--set", type=_change, action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    print(build(options.version, options.into, dict(options.set)))


if __name__ == "__main__":
    main()
