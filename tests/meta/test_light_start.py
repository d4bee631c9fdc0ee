"""Commands that people type often start without the heavy packages: see benchmarks for the time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import COMMANDS_ARE_BUILT, ROOT, part, tracked

HEAVY = {"aiohttp", "envoy", "google.protobuf", "grpc", "psycopg", "pydantic", "sqlalchemy"}
FOR_WORDS_ONLY = HEAVY | {"asyncio", "rich", "ruamel"}
RUN = """
import json, sys
from changeover.interfaces.cli.main import main
try:
    main()
except SystemExit:
    pass
sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""


def loaded(arguments: list[str], directory: Path) -> set[str]:
    """Names of the modules that are loaded once `changeover ARGUMENTS` has ended."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src"), "HOME": str(directory)},
    )
    return set(json.loads(ended.stderr.splitlines()[-1]))


def test_importing_the_package_costs_next_to_nothing() -> None:
    code = "import sys, changeover; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    assert not FOR_WORDS_ONLY & set(ended.stdout.split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["deploy", "--help"]], ids=" ".join
)
def test_words_come_without_anything_heavy(arguments: list[str], tmp_path: Path) -> None:
    part(COMMANDS_ARE_BUILT)
    assert not FOR_WORDS_ONLY & loaded(arguments, tmp_path)


def test_status_comes_without_anything_heavy(tmp_path: Path) -> None:
    part(COMMANDS_ARE_BUILT)
    examples = tracked("examples/**changeover.yml")
    assert examples, "an example with a changeover.yml is needed"
    (tmp_path / "changeover.yml").write_bytes(examples[0].read_bytes())
    assert not HEAVY & loaded(["status"], tmp_path)


def test_status_of_a_file_it_knows_reads_neither_yaml_nor_shows_anything_rich(
    tmp_path: Path,
) -> None:
    part(COMMANDS_ARE_BUILT)
    (tmp_path / "changeover.yml").write_bytes((ROOT / "examples/shop/changeover.yml").read_bytes())
    loaded(["status", "-e", "rolling"], tmp_path)
    again = loaded(["status", "-e", "rolling"], tmp_path)
    assert not (FOR_WORDS_ONLY - {"asyncio"}) & {name.partition(".")[0] for name in again}
    assert "changeover.interfaces.operations.status" in again
