"""The example shop's own build script, as a module."""

import importlib.util
from types import ModuleType

from .command import ROOT


def shop_builder() -> ModuleType:
    """`examples/shop/build.py`, which stands beside the shop and in no package."""
    found = importlib.util.spec_from_file_location("shop_build", ROOT / "examples/shop/build.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
