"""The answer to "which sites are there": one line a site, and an example call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rybbit_mcp.answers.answer import Answer, Cell, Table, fold_constant_columns
from rybbit_mcp.answers.budget import fitted, text_size
from rybbit_mcp.answers.heading import DEMO_MARK
from rybbit_mcp.answers.words import count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.api.models import Site

NAME_LIMIT = 60
DEFAULT = "default"


def render_sites(
    sites: Sequence[Site],
    *,
    gate: Gate,
    max_chars: int,
    default: Site | None = None,
    note: str = "",
    is_limited: bool = False,
    size: Callable[[Answer], int] = text_size,
    is_demo: bool = False,
) -> Answer:
    """The sites in the order given, the default one marked, with a call to go on with.

    `note` says why there may be more, or, with `is_limited`, that the settings allow no others.
    A site whose 24 hours the server did not tell has `-`.
    """
    mark = DEMO_MARK if is_demo else ""
    none = f"no sites: {'RYBBIT_SITES allows none' if is_limited else 'the key opens none'}"
    head = [mark + (count_of(len(sites), "site") if sites else none)]
    if note:
        head.append(note)
    if not sites:
        return fitted(Answer(tuple(head)), max_chars=max_chars, size=size)
    rows = tuple([_row(site, default, gate) for site in sites])
    columns = ("site", "name", "domain", "visits_24h", "text_id", "note")
    table = Table("sites", columns, rows)
    # The only empty columns that say nothing by being empty; the others stay for every site.
    unsaid = {"note"} | ({"visits_24h"} if all(row[3] == "" for row in rows) else set())
    table, _ = fold_constant_columns(table, frozenset(columns) - unsaid)
    if "visits_24h" not in table.columns:
        head.append("visits of the last 24 hours: not told by this server")
    example = default or sites[0]
    answer = Answer(
        tuple(head),
        (table,),
        next=(f"list_sessions(site={example.site_id})",),
        notes=tuple([line for line in (gate.note(),) if line]),
    )
    return fitted(answer, max_chars=max_chars, size=size)


def _row(site: Site, default: Site | None, gate: Gate) -> tuple[Cell, ...]:
    is_default = default is not None and site.site_id == default.site_id
    return (
        site.site_id,
        gate.text(site.name, limit=NAME_LIMIT),
        gate.text(site.domain, limit=NAME_LIMIT),
        "" if site.sessions_24h is None else site.sessions_24h,
        gate.text(site.text_id, limit=NAME_LIMIT),
        DEFAULT if is_default else "",
    )
