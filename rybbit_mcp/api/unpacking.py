"""Bodies as they came over the wire, unpacked piece by piece.

A few kilobytes of gzip can stand for gigabytes: what unpacks a whole chunk at once has used the
memory before anybody can look at the size.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import httpx

from rybbit_mcp.api.failures import not_unpacked

PIECE = 2**20
"""Most bytes of one piece."""

_WINDOW = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


async def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in pieces of at most `PIECE` where it was compressed, else in chunks as they come.

    Raises:
        UnexpectedBodyError: compressed in an unknown or broken way, or twice.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity", *_WINDOW}:
        raise not_unpacked()
    if response.is_stream_consumed:  # some transports bring whole answers
        yield response.content
        return
    if coding in _WINDOW:
        async for piece in _unpacked(response, _WINDOW[coding]):
            yield piece
        return
    async for chunk in response.aiter_raw():
        yield chunk


async def _unpacked(response: httpx.Response, window: int) -> AsyncIterator[bytes]:
    unpacking = zlib.decompressobj(window)
    is_first = True
    try:
        async for chunk in response.aiter_raw():
            waiting, piece = chunk, b""
            if is_first and window == zlib.MAX_WBITS and chunk and chunk[0] & 15 != 8:
                unpacking = zlib.decompressobj(-window)  # deflate without the header it should have
            is_first = False
            while waiting or len(piece) == PIECE:
                piece = unpacking.decompress(waiting, PIECE)
                waiting = unpacking.unconsumed_tail
                if piece:
                    yield piece
                elif unpacking.eof:
                    break
    except zlib.error:
        raise not_unpacked() from None
