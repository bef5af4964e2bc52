"""What the protocol's tests share: the server over HTTP, and its answers from memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.protocol.loopback import http_server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """As everywhere, but for fixtures of a whole module too."""
    return "asyncio"


@pytest.fixture(scope="session")
def http_url() -> Iterator[str]:
    """The address of the server over the demo at a fixed time."""
    with http_server() as url:
        yield url
