"""The lock files say the same as pyproject.toml, with hashes."""

import re
import tomllib

import pytest

from support.project import ROOT

LOCKS = ["dev", "runtime"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each package in requirements/LOCK.lock."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text().replace("\\\n", " ")
    pins = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)(.*)$", text, re.MULTILINE)
    return {normal(name): (version, rest.count("--hash=")) for name, version, rest in pins}


def wanted(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", text)[0]) for text in requirements}  # type: ignore[index]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address_of_an_index(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    assert "://" not in text
    assert all(hashes for _, hashes in locked(lock).values())
    for line in text.splitlines():
        assert re.match(r"#| {4}|[\w.-]+(\[[\w,-]+\])?==\S+ ", line), line


def test_the_locks_hold_what_the_project_asks_for_run_make_lock_after_a_change() -> None:
    runtime = wanted(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        runtime |= wanted(extra)
    development = wanted(PROJECT["dependency-groups"]["dev"])
    backend = wanted(PROJECT["build-system"]["requires"])
    assert not runtime - set(locked("runtime"))
    assert not (runtime | development | backend) - set(locked("dev"))


def test_people_run_the_versions_that_the_tests_run() -> None:
    development = locked("dev")
    assert {name: development[name] for name in locked("runtime")} == locked("runtime")
