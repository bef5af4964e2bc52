"""Cells of a summary: group keys by privacy, metrics by their units, changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.outcome import Number
from rybbit_mcp.analysis.specification import property_of
from rybbit_mcp.answers.answer import Cell
from rybbit_mcp.answers.clean import shorten
from rybbit_mcp.answers.event_cells import pair_text
from rybbit_mcp.answers.visit_cells import shorten_middle
from rybbit_mcp.answers.words import as_key, number

if TYPE_CHECKING:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.privacy import Privacy

LONGEST_KEY = 60
UNKNOWN = "(unknown)"
HIDDEN = "(hidden)"

_RATIOS = frozenset({"bounce_rate", "share"})
_SECONDS = frozenset({"median_duration", "p90_duration"})
_PATHS = frozenset({"entry_page", "exit_page", "page", "path"})
_ADDRESSES = frozenset({"referrer", "outbound_link"})
_COLUMN = {
    "bounce_rate": "bounce",
    "median_duration": "median_s",
    "p90_duration": "p90_s",
    "pages_per_session": "pages/visit",
}


def column_names(metrics: Sequence[str], *, compared: bool) -> tuple[str, ...]:
    """The columns of the metrics, each followed by its changes where there are any."""
    names: list[str] = []
    for metric in metrics:
        name = _COLUMN.get(metric, metric)
        names.append(name)
        if compared:
            names += [f"Δ{name}"] if metric in _RATIOS else [f"Δ{name}", f"Δ%{name}"]
    return tuple(names)


def key_cells(
    dimensions: Sequence[str], key: Sequence[str], gate: Gate, privacy: Privacy
) -> tuple[str, ...]:
    """The texts of a group as far as privacy shows them, in the words of the other answers.

    Shape: what a visitor calls like a row of ours (`total`) stands in quotes.
    """
    return tuple(
        [
            _key_cell(dimension, text, gate, privacy)
            for dimension, text in zip(dimensions, key, strict=True)
        ]
    )


def metric_cell(metric: str, value: Number, *, is_structured: bool) -> Cell:
    """A metric's value: `42%` for ratios, whole seconds, at most two decimals; raw for programs."""
    if value is None:
        return ""
    if is_structured:
        return value
    if metric in _RATIOS:
        return _percent(value)
    if metric in _SECONDS:
        return int(value + 0.5)
    return value if isinstance(value, int) else number(value)


def change_cells(
    metric: str, then: Number, now: Number, relative: float | None, *, is_structured: bool
) -> tuple[Cell, ...]:
    """The change with its sign, for ratios in points; for others the relative change besides."""
    if metric in _RATIOS:
        return (_points(then, now, is_structured=is_structured),)
    if then is None or now is None:
        return "", ""
    change = now - then
    if is_structured:
        return change, "" if relative is None else relative
    if metric in _SECONDS:
        shown = f"{round(change):+d}"
    elif isinstance(change, int):
        shown = f"{change:+d}"
    else:
        shown = ("+" if change >= 0 else "") + number(change)
    if relative is None:
        return shown, "new" if now else ""
    return shown, f"{round(100 * relative):+d}%"


def _points(then: Number, now: Number, *, is_structured: bool) -> Cell:
    if then is None or now is None:
        return ""
    return now - then if is_structured else f"{round(100 * (now - then)):+d}pp"


def _percent(ratio: float) -> str:
    percent = round(100 * ratio)
    if percent == 0 and ratio > 0:
        return "<1%"
    if percent == 100 and ratio < 1:
        return ">99%"
    return f"{percent}%"


def _key_cell(dimension: str, text: str, gate: Gate, privacy: Privacy) -> str:
    if not text:
        return UNKNOWN
    shown = as_key(_shown(dimension, text, gate, privacy))
    may_hide = dimension in {"city", "region"} or property_of(dimension)
    return shown or (HIDDEN if may_hide else "")


def _shown(dimension: str, text: str, gate: Gate, privacy: Privacy) -> str:
    """The clean text of a key, `""` for one that the level hides."""
    if dimension == "user":
        return gate.text(_visitor(text, privacy), limit=LONGEST_KEY)
    if dimension == "path":
        pages = [gate.text(page, limit=200, mask=privacy.path) for page in text.split(" > ")]
        return " > ".join(shorten_middle(page, LONGEST_KEY // 2) for page in pages)
    if dimension in _PATHS:
        return shorten_middle(gate.text(text, limit=400, mask=privacy.path), LONGEST_KEY)
    if dimension in _ADDRESSES:
        return gate.text(text, limit=LONGEST_KEY, mask=privacy.url)
    if name := property_of(dimension):
        return _property(name, text, gate, privacy)
    return gate.text(text, limit=LONGEST_KEY, mask=lambda value: _placed(dimension, value, privacy))


def _property(name: str, text: str, gate: Gate, privacy: Privacy) -> str:
    """The value of a property; of one that is JSON, as pairs without the property's name."""
    pairs = privacy.properties({name: text}, gate)
    inner = [(key.removeprefix(f"{name}."), value) for key, value in pairs]
    if not any(value for _, value in pairs):
        return ""
    return pairs[0][1] if inner == pairs else shorten(pair_text(inner), LONGEST_KEY)


def _placed(dimension: str, text: str, privacy: Privacy) -> str:
    """Regions and cities as far as privacy names them; other texts masked."""
    if dimension == "city":
        return privacy.place("", "", text).city
    if dimension == "region":
        return privacy.place("", text, "").region
    return privacy.text(text)


def _visitor(key: str, privacy: Privacy) -> str:
    """The name of a visitor given as `i` and an identified id, or `d` and a device id."""
    kind, value = key[:1], key[1:]
    return privacy.visitor("", value) if kind == "i" else privacy.visitor(value)
