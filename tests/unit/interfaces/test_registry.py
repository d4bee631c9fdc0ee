"""Names to objects: built-ins and plug-ins, and clear words when it cannot be."""

from pathlib import Path

import pytest

from changeover.execution.errors import ConfigurationError, UnknownName
from changeover.interfaces import registry
from changeover.strategies.canary import canary


def install(site: Path, distribution: str, group: str, entries: str) -> None:
    """A distribution as pip leaves it behind, found through `sys.path`."""
    info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{entries}\n")


def test_built_ins_are_found_by_name() -> None:
    assert set(registry.names("strategy")) >= {"rolling", "blue_green", "canary"}
    assert registry.load("strategy", "canary") is canary


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match='no strategy "blue-gren"') as caught:
        registry.load("strategy", "blue-gren")
    assert caught.value.hint == "did you mean `blue_green`?"
    assert "canary" in caught.value.message


def test_a_kind_without_any_plug_in_says_so() -> None:
    with pytest.raises(UnknownName, match="none is installed"):
        registry.load("metrics", "no-such-source")


def test_a_plug_in_is_imported_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "slow-shop", "changeover.strategy", "slow = plugin_that_breaks:slow")
    (tmp_path / "plugin_that_breaks.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "slow" in registry.names("strategy")
    with pytest.raises(ConfigurationError) as caught:
        registry.load("strategy", "slow")
    assert "slow-shop 1.2" in caught.value.message
    assert "RuntimeError: no licence" in caught.value.message
    assert "slow-shop" in caught.value.hint


def test_a_name_that_two_distributions_claim_is_refused_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "other-shop", "changeover.strategy", "canary = anything:at_all")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"changeover .* and other-shop 1\.2"):
        registry.load("strategy", "canary")
