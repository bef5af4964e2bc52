"""What was asked, what was seen before, and what a second look showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

What = Literal["session list", "session", "locations", "organizations", "sites", "site", "query"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: an endpoint's name, the site, and whether filters were sent."""

    what: What
    site: str = ""
    session_id: str = ""
    has_filters: bool = False
    minutes: int = 0

    @property
    def is_about_visits(self) -> bool:
        """Whether the analytics database answers, not the one of accounts."""
        return self.what in {"session list", "session", "locations"}

    @property
    def is_planned(self) -> bool:
        """Whether generations read its parameters in different ways."""
        return self.what in {"session list", "locations"}

    @property
    def place(self) -> str:
        """The site as a sentence names it."""
        return f"site {self.site}" if self.site else "this"


@dataclass(slots=True)
class Experience:
    """What one process has seen of its server: which sites opened, how many calls it made."""

    open_sites: set[str] = field(default_factory=set)
    call_count: int = 0


@dataclass(frozen=True, slots=True)
class Clues:
    """What a second look at a refusal showed; None where none was taken or it showed nothing.

    `key_is_good` is known where the server answered to the key alone, `is_throttled` where it
    said so, `sites` are those that the key sees and that may be named, as number and name;
    `is_limited` says that there may be others, which are not to be named.
    """

    key_is_good: bool | None = None
    is_throttled: bool = False
    sites: tuple[tuple[str, str], ...] = ()
    is_limited: bool = False
    works_without_filters: bool | None = None
