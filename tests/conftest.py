"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings

from tests.figures import Tell, teller

settings.register_profile("default", deadline=None, max_examples=60)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what says figures, so that `make trust` runs nothing else."""
    for item in items:
        if "figure" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.figures)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Tell:
    """Says what a test counted or measured; see tests/figures.py."""
    return teller(record_property)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
