"""Shops that end-to-end tests share."""

from collections.abc import Iterator

import pytest

from support.postgres import postgres as postgres
from support.workshop import Workshop, workshop


@pytest.fixture
def shop() -> Iterator[Workshop]:
    """A shop of the test's own; nothing is deployed yet."""
    with workshop() as made:
        yield made


@pytest.fixture(scope="module")
def open_shop() -> Iterator[Workshop]:
    """A shop that serves v1 by `rolling`, shared by the tests of a file: each leaves it so."""
    with workshop() as made:
        made.deploy("v1")
        yield made
