"""What `from changeover import ...` gives is documented and typed."""

import inspect
import typing

import pytest

import changeover
from support.project import COMMANDS_ARE_BUILT, PACKAGE, part

NAMES: list[str] = sorted(getattr(changeover, "__all__", []))


def test_the_package_lists_its_public_names_once_there_is_a_command() -> None:
    part(COMMANDS_ARE_BUILT)
    assert NAMES, "everything that the command does is a Python call too"
    assert len(set(NAMES)) == len(NAMES)
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("name", [n for n in NAMES if n != "__version__"])
def test_every_public_name_says_what_it_is(name: str) -> None:
    thing = getattr(changeover, name)
    doc = inspect.getdoc(thing) or ""
    is_class = inspect.isclass(thing)
    if is_class or inspect.isroutine(thing):
        assert doc, f"{name} has no docstring"
        assert not doc.startswith(f"{name}("), (
            f"{name} has only the docstring that a dataclass makes"
        )
    for member_name, member in inspect.getmembers(thing, inspect.isfunction) if is_class else []:
        if not member_name.startswith("_"):
            assert inspect.getdoc(member), f"{name}.{member_name} has no docstring"


@pytest.mark.parametrize("name", [n for n in NAMES if n != "__version__"])
def test_every_public_call_is_typed(name: str) -> None:
    thing = getattr(changeover, name)
    if inspect.isfunction(thing):
        hints = typing.get_type_hints(thing)
        missing = set(inspect.signature(thing).parameters) | {"return"}
        assert not missing - set(hints)
