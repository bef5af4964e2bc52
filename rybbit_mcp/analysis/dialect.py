"""What the engines say differently; whatever is not here, both read alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from rybbit_mcp.analysis import terms

if TYPE_CHECKING:
    from sqlglot import exp

    from rybbit_mcp.analysis.terms import Term

PAGE = "pageview"
CUSTOM = "custom_event"
ERROR = "error"
OUTBOUND = "outbound"
PERFORMANCE = "performance"

PLACE = "place"
"""The name of `place_note`."""
STEP = "is_step"
"""The name of `step_note`."""

LIST_TEXT = "[…]"
"""What a property that is a list reads as; one that is an object is read field by field."""

NUMBER_PATTERN = r"^(-?[0-9]{1,18}(?:[.][0-9]{9}|[.][0-9]{1,9}$|$))[0-9]*$"
"""A number of up to 18 digits before the point; decimals beyond the ninth are left out."""


class Dialect(ABC):
    """An engine: its functions, its text, and where it has visits and events."""

    visits: str
    """The relation with a row for each visit."""
    events: str
    """The relation with a row for each event."""
    row_limit: int | None
    """Rows of an answer, None for any number."""
    visit_columns: Collection[str]
    """What is known of a visit."""
    fact_table: str
    """Where facts stand: in a relation of their own (`fact`), or in each visit (`visit`)."""

    @abstractmethod
    def render(self, query: exp.Select) -> str:
        """The query as the engine reads it."""

    def event_source(self, columns: set[str]) -> exp.Select | None:  # noqa: ARG002
        """What makes the relation of events; None where it is there."""
        return None

    def visit_source(
        self,
        columns: set[str],  # noqa: ARG002
        facts: Mapping[str, Term],  # noqa: ARG002
        events: str,  # noqa: ARG002
    ) -> exp.Select | None:
        """What makes the relation of visits, facts included, of events; None where it is there."""
        return None

    @abstractmethod
    def same_texts(self, value: str) -> tuple[str, ...]:
        """The texts under which this one may be kept."""

    @abstractmethod
    def contains(self, value: Term, part: Term) -> Term:
        """Whether a text holds the other."""

    @abstractmethod
    def starts_with(self, value: Term, part: Term) -> Term:
        """Whether a text begins with the other."""

    @abstractmethod
    def ends_with(self, value: Term, part: Term) -> Term:
        """Whether a text ends with the other."""

    @abstractmethod
    def matches(self, value: Term, pattern: Term) -> Term:
        """Whether the pattern (of RE2) is found in a text; a dot is any character."""

    @abstractmethod
    def extracted(self, value: Term, pattern: str) -> Term:
        """What the pattern's first group found, "" if nothing."""

    @abstractmethod
    def as_text(self, value: Term) -> Term:
        """A number as text."""

    @abstractmethod
    def local(self, at: Term, zone: str, form: str) -> Term:
        """An instant as text in the zone, in the form of strftime."""

    @abstractmethod
    def milliseconds(self, at: Term) -> Term:
        """An instant as milliseconds since 1970."""

    @abstractmethod
    def earliest(self, value: Term, at: Term) -> Term:
        """The value of a group that came first, the smallest of those of one moment."""

    @abstractmethod
    def quantile(self, value: Term, level: float) -> Term:
        """The quantile of a group, linear between the two nearest values."""

    @abstractmethod
    def property_text(self, table: str, name: str) -> Term:
        """The text of a property of an event, NULL without one."""

    @abstractmethod
    def decimal(self, value: Term) -> Term:
        """The number that a text is, NULL if it is none."""

    @abstractmethod
    def listed(self, value: Term, condition: Term) -> Term:
        """All values of a group as one list."""

    @abstractmethod
    def joined_lists(self, lists: Term, condition: Term | None) -> Term:
        """All lists of a group as one list."""

    @abstractmethod
    def middle(self, values: Term) -> tuple[Term, Term]:
        """The two values around the median of a list, as texts."""

    def place_note(self, key: Term, is_hit: Term) -> Term | None:  # noqa: ARG002
        """A note of which of the hits with its key an event is in its visit, from 1 on.

        None where the engine tells later.
        """
        return None

    @abstractmethod
    def hits(self, values: Sequence[Term], condition: Term) -> Term:
        """All hits of a visit as one list, each with these values; the first is the key."""

    @abstractmethod
    def each_hit(self, hits: Term, width: int) -> Term:
        """One row for each hit and one without a hit, in place of one row.

        `part_of` tells the `width` values of each, and then its place: 0 without a hit, 1 for the
        first with its key in the visit, more for others.
        """

    @abstractmethod
    def part_of(self, hit: Term, place: int) -> Term:
        """A value of a hit, counted from 1."""

    def step_note(self, step: Term, at: Term) -> Term | None:  # noqa: ARG002
        """A note of whether an event is another step than the one of its type before it.

        None where the engine tells later.
        """
        return None

    @abstractmethod
    def path(self, step: Term, at: Term, condition: Term, most: int) -> Term:
        """The first steps of a group in the order of time, repeats folded, joined by ` > `."""

    @abstractmethod
    def each_of(self, *values: int) -> Term:
        """One row for each of the values, in place of one row."""

    def number_of(self, table: str, property_name: str) -> Term:
        """The number that a property of an event is, NULL if it is none."""
        value = terms.either(self.property_text(table, property_name), terms.text(""))
        return self.decimal(self.extracted(value, NUMBER_PATTERN))
