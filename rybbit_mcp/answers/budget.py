"""How long an answer may be, and how a longer one is shortened by whole rows and lines."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rybbit_mcp.answers.answer import NEXT_LINES, Answer, Table, render, structured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# The sentence about what was left out and one call fit into this; below it nothing is promised.
SMALLEST_CHARS = 600


@dataclass(frozen=True, slots=True)
class Budget:
    """The characters of an answer: what it gets unasked, and what it can ask for."""

    default_chars: int = 8_000
    cap_chars: int = 40_000

    def chars(self, asked: int | None = None) -> int:
        """The characters that an answer may have, between the smallest sensible and the cap."""
        wanted = self.default_chars if asked is None else asked
        return max(SMALLEST_CHARS, min(wanted, self.cap_chars))


def text_size(answer: Answer) -> int:
    """The characters of the answer as text."""
    return len(render(answer))


def structured_size(answer: Answer) -> int:
    """The characters of the answer as JSON."""
    return len(json.dumps(structured(answer), ensure_ascii=False))


def fit(
    answer: Answer,
    *,
    max_chars: int,
    on_cut: Callable[[int, int], Sequence[str]] | None = None,
    tables: Sequence[int] = (0,),
) -> str:
    """The text of the answer, shortened if need be to at most `max_chars`; see `fitted`."""
    return render(fitted(answer, max_chars=max_chars, on_cut=on_cut, tables=tables))


def fitted(
    answer: Answer,
    *,
    max_chars: int,
    on_cut: Callable[[int, int], Sequence[str]] | None = None,
    tables: Sequence[int] = (0,),
    size: Callable[[Answer], int] = text_size,
) -> Answer:
    """The answer, or as much of it as `max_chars` hold, with a line that says what was left out.

    Tables lose rows from their end, those numbered in `tables` first and in that order, then the
    others from the last. If no row fits, lines go: notes, facts and the lines of the head but the
    first, each from the last; then the answer's own calls, the first line, and the calls of
    `on_cut`. `on_cut(shown, total)` gives the calls that fetch the rest of the first table in
    `tables`; they come before the answer's own.

    Shape: never longer than `max_chars` from `SMALLEST_CHARS` on, if the calls of `on_cut` are
    shorter than 150 characters each or can go.
    """
    if size(answer) <= max_chars:
        return answer
    named = [index for index in tables if index < len(answer.tables)]
    others = [index for index in reversed(range(len(answer.tables))) if index not in named]
    first = named[0] if named else None
    cutter = _Cutter(answer, (*named, *others), first, max_chars, on_cut, size)
    for lines in _fewer_lines(answer):
        cut = cutter.by_rows(lines)
        if cut is not None:
            return cut
    return cutter.sentence_only()


def largest_fitting(
    build: Callable[[int], Answer],
    total: int,
    *,
    max_chars: int,
    size: Callable[[Answer], int] = text_size,
) -> Answer:
    """The answer that `build(shown)` gives for the most rows out of `total` that fit.

    For answers whose head depends on the rows shown, such as a summary of exactly those. `build`
    says itself what it left out.
    """
    shown = _largest(total, lambda count: size(build(count)) <= max_chars)
    return fitted(build(shown or 0), max_chars=max_chars, size=size)


def _largest(total: int, fits: Callable[[int], bool]) -> int | None:
    """The largest count up to `total` that fits, None if not even 0 does."""
    if fits(total):
        return total
    low, high = -1, total
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return None if low < 0 else low


def _fewer_lines(answer: Answer) -> Iterator[Answer]:
    """The answer with one line less each time."""
    yield answer
    while answer.notes:
        answer = replace(answer, notes=answer.notes[:-1])
        yield answer
    while answer.facts:
        answer = replace(answer, facts=answer.facts[:-1])
        yield answer
    while len(answer.head) > 1:
        answer = replace(answer, head=answer.head[:-1])
        yield answer
    while answer.next:
        answer = replace(answer, next=answer.next[:-1])
        yield answer
    yield replace(answer, head=())


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Shortens one answer."""

    answer: Answer
    order: tuple[int, ...]
    first: int | None
    max_chars: int
    on_cut: Callable[[int, int], Sequence[str]] | None
    size: Callable[[Answer], int]

    def by_rows(self, lines: Answer) -> Answer | None:
        """The answer with these lines and as many rows as fit, None if it does not without any."""
        shown = {index: len(self.answer.tables[index].rows) for index in self.order}
        for index in self.order:
            count = self._rows_that_fit(lines, shown, index)
            if count is not None:
                return self._cut(lines, {**shown, index: count})
            shown[index] = 0
        candidate = self._cut(lines, shown)
        return candidate if self.size(candidate) <= self.max_chars else None

    def sentence_only(self) -> Answer:
        """The line about what was left out, without anything else."""
        cut = self._cut(Answer(head=()), dict.fromkeys(self.order, 0))
        return replace(cut, tables=(), next=())

    def _rows_that_fit(self, lines: Answer, shown: dict[int, int], index: int) -> int | None:
        return _largest(
            shown[index],
            lambda count: self.size(self._cut(lines, {**shown, index: count})) <= self.max_chars,
        )

    def _cut(self, lines: Answer, shown: dict[int, int]) -> Answer:
        tables = tuple(
            [
                replace(table, rows=table.rows[: shown[index]])
                for index, table in enumerate(self.answer.tables)
            ]
        )
        calls: Sequence[str] = ()
        if self.on_cut and self.first is not None:
            first = self.first
            total = len(self.answer.tables[first].rows)
            calls = self.on_cut(shown[first], total) if shown[first] < total else ()
        sentence = self._sentence(lines, tables)
        return replace(
            lines,
            head=(*lines.head, *sentence),
            tables=tables,
            next=(*calls, *lines.next)[:NEXT_LINES],
        )

    def _sentence(self, lines: Answer, tables: tuple[Table, ...]) -> tuple[str, ...]:
        parts = [
            f"{len(table.rows)} of {len(whole.rows)} {whole.name or 'rows'} shown"
            for table, whole in zip(tables, self.answer.tables, strict=True)
            if len(table.rows) < len(whole.rows)
        ]
        if len(parts) > 3:
            parts[2:] = [f"{len(parts) - 2} more tables shortened"]
        left_out = _line_count(self.answer) - _line_count(lines)
        if left_out:
            parts.append("1 line left out" if left_out == 1 else f"{left_out} lines left out")
        if not parts:
            return ()
        return (f"shortened to {self.max_chars} characters: {', '.join(parts)}",)


def _line_count(answer: Answer) -> int:
    return len(answer.head) + len(answer.notes) + len(answer.facts)
