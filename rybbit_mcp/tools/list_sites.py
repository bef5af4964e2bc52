"""The tool `list_sites`."""

from __future__ import annotations

from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.tools.registration import AnswerFunction
from rybbit_mcp.tools.toolbox import Toolbox

TITLE = "List sites"
DESCRIPTION = (
    "The sites that can be asked about: number, name, domain, visits in the last 24 hours. "
    "Call it first if the site is not known."
)


def build(toolbox: Toolbox) -> AnswerFunction:
    """The tool's function, bound to what it works with."""

    async def list_sites() -> Answer:
        from rybbit_mcp.answers.clean import Gate
        from rybbit_mcp.answers.sites import render_sites

        listing = await toolbox.directory.listing(is_fresh=True)
        return render_sites(
            listing.sites,
            default=next((s for s in listing.sites if toolbox.directory.is_default(s)), None),
            note=listing.note,
            is_limited=bool(toolbox.settings.sites),
            gate=Gate(),
            max_chars=toolbox.settings.answer_chars,
            size=toolbox.size,
            is_demo=toolbox.is_demo,
        )

    return list_sites
