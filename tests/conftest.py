"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=60)
settings.load_profile("default")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
