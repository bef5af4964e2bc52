"""How large an answer may be, by what was asked: bytes, records, and JSON values inside.

A body far below any bound of bytes can hold millions of tiny records, and parsed they take up to
a hundred times as much memory, in one step that nothing interrupts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rybbit_mcp.api.asking import What

LARGEST_BODY = 64 * 2**20

_TOKEN = re.compile(rb'([\[{])|(,)|([\]}])|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""A bracket, a comma, or a whole string, in which neither means anything."""


@dataclass(frozen=True, slots=True)
class Size:
    """Bounds of one answer: bytes, records, objects and lists at any depth, commas between values.

    Records are the objects and lists at `record_depth`: 2 where they stand in a list in an object.
    """

    most_bytes: int = 8 * 2**20
    most_records: int = 60_000
    most_containers: int = 60_000
    most_commas: int = 600_000
    record_depth: int = 2

    def is_exceeded_by(self, body: bytes) -> bool:
        """Whether the body holds more than it may; its length is not looked at."""
        containers = body.count(b"[") + body.count(b"{")  # in texts too, which is quick
        most_containers = min(self.most_records, self.most_containers)
        if containers <= most_containers and body.count(b",") <= self.most_commas:
            return False
        return self._is_exceeded_outside_texts(body)

    def _is_exceeded_outside_texts(self, body: bytes) -> bool:
        records = containers = commas = depth = 0
        for token in _TOKEN.finditer(body):
            kind = token.lastindex
            if kind == 1:
                containers += 1
                records += depth == self.record_depth
                depth += 1
                if records > self.most_records or containers > self.most_containers:
                    return True
            elif kind == 2:
                commas += 1
                if commas > self.most_commas:
                    return True
            elif kind == 3:
                depth -= 1
        return False


ONE_THING = Size()
"""What has no pages: places, sites, a query's rows. A site has some ten thousand places at most."""


def size_of(what: What, parameters: Mapping[str, str]) -> Size:
    """What may come: visits and events are asked for in numbers, and twice as many are let pass.

    Visits and events have 500 to 2,000 bytes, some 45 fields, and one to three objects each.
    """
    if what not in {"session list", "session"}:
        return ONE_THING
    count = int(parameters["limit"])
    return Size(
        most_bytes=min(LARGEST_BODY, 2**20 + 8192 * count),
        most_records=100 + 2 * count,
        most_containers=100_000 + 150 * count,
        most_commas=100_000 + 200 * count,
        record_depth=3 if what == "session" else 2,
    )
