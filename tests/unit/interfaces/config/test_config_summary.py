"""The short way for `status`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from changeover.execution.errors import ConfigurationError, UnknownName, UsageError
from changeover.interfaces.config.summary import service_and_journal, summary

FULL = Path(__file__).parent / "samples" / "full.yml"


def test_the_summary_is_the_same_from_the_file_and_from_the_cache(tmp_path: Path) -> None:
    read, kept = (summary(FULL, cache=tmp_path / "cache") for _ in range(2))
    assert read == kept
    assert (kept.service, list(kept.journals)) == ("shop", ["staging", "production"])
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "changeover.yml"
    path.write_text(FULL.read_text())
    assert summary(path, cache=tmp_path).service == "shop"
    path.write_text(FULL.read_text().replace("service: shop", "service: store"))
    assert summary(path, cache=tmp_path).service == "store"
    path.write_text(FULL.read_text().replace("service: shop", "service: Store"))
    with pytest.raises(ConfigurationError, match="is not a name"):
        summary(path, cache=tmp_path)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"service": "x"}', '{"journals": 1}', "\0"])
def test_a_damaged_cache_only_costs_time(damage: str, tmp_path: Path) -> None:
    summary(FULL, cache=tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_text(damage)
    assert summary(FULL, cache=tmp_path).service == "shop"
    assert json.loads(kept.read_text())["service"] == "shop"


def test_a_cache_that_cannot_be_made_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    assert summary(FULL, cache=tmp_path / "taken").service == "shop"


def test_summaries_of_files_long_changed_are_forgotten(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    summary(FULL, cache=cache)
    for number in range(150):
        (cache / f"{number}.json").write_text("{}")
    path = tmp_path / "changeover.yml"
    path.write_text(FULL.read_text() + "# changed\n")
    summary(path, cache=cache)
    assert len(list(cache.iterdir())) == 100
    assert summary(path, cache=cache).service == "shop"


def test_one_environment_is_chosen_as_when_the_file_is_read(tmp_path: Path) -> None:
    journal = "postgresql://shop:${JOURNAL_PASSWORD}@db.internal/changeover"
    found = service_and_journal(FULL, "production", cache=tmp_path)
    assert found == ("production", "shop", journal)
    with pytest.raises(UnknownName, match="prodction"):
        service_and_journal(FULL, "prodction", cache=tmp_path)
    with pytest.raises(UsageError, match="which one is meant"):
        service_and_journal(FULL, None, cache=tmp_path)


def test_a_missing_file_is_told_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        summary(tmp_path / "changeover.yml", cache=tmp_path)


def test_the_short_way_imports_nothing_heavy(tmp_path: Path) -> None:
    summary(FULL, cache=tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from changeover.interfaces.config.summary import summary\n"
        f"summary(Path({str(FULL)!r}), cache=Path({str(tmp_path)!r}))\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    heavy = {"ruamel", "asyncio", "difflib", "click", "rich"}
    assert heavy & set(done.stdout.split()) == set()
