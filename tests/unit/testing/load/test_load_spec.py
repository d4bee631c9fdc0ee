"""Load is bounded, stays on this machine, and its description survives the way to a process."""

import pytest

from changeover.execution.errors import UsageError
from changeover.testing.load import HttpScenario, LoadSpec, WebsocketScenario, mixed
from changeover.testing.load.cli import main
from changeover.testing.load.process import spec_from_json, spec_to_json
from changeover.testing.load.spec import target_of


def spec(url: str, **more: object) -> LoadSpec:
    return LoadSpec(url=url, scenarios=mixed(), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "http://localhost:1", "http://127.9.9.9"])
def test_this_machine_may_be_loaded(url: str) -> None:
    assert target_of(spec(url)).port > 0


def test_another_machine_is_refused_unless_allowed() -> None:
    with pytest.raises(UsageError, match="another machine"):
        target_of(spec("http://192.0.2.1:80"))
    assert target_of(spec("http://192.0.2.1:80", allow_remote=True)).host == "192.0.2.1"


@pytest.mark.parametrize("url", ["https://127.0.0.1", "127.0.0.1:80", "http://"])
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not a target"):
        target_of(spec(url))


def test_a_host_header_replaces_the_one_of_the_url() -> None:
    assert target_of(spec("http://127.0.0.1:80", headers=(("Host", "shop"),))).authority == "shop"


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0},
        {"seconds": 1e9},
        {"max_requests": 0},
        {"timeout_s": 0},
        {"scenarios": ()},
        {"scenarios": (*mixed(), *mixed())},
    ],
)
def test_load_without_bounds_or_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        LoadSpec(**{"url": "http://127.0.0.1:80", "scenarios": mixed(), **wrong})  # type: ignore[arg-type]


def test_scenarios_without_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="rate"):
        HttpScenario(name="get", path="/", rate_rps=0)
    with pytest.raises(UsageError, match="path"):
        HttpScenario(name="get", path="x", rate_rps=1)
    with pytest.raises(UsageError, match="sockets"):
        WebsocketScenario(name="ws", path="/ws", sockets=0)


def test_a_spec_survives_the_way_to_its_process() -> None:
    scenarios = mixed(close_rps=1, http2_rps=2, websockets=3)
    sent = LoadSpec(url="http://127.0.0.1:1", scenarios=scenarios, headers=(("a", "b"),))
    assert spec_from_json(spec_to_json(sent)) == sent


def test_the_command_refuses_another_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://192.0.2.1"]) == 2
    assert "--allow-remote" in capsys.readouterr().err
