"""The tools, one module each; the order is the order in which models see them."""

from rybbit_mcp.tools import (
    get_session,
    get_session_locations,
    list_sessions,
    list_sites,
    summarize_sessions,
)

TOOLS = (list_sites, summarize_sessions, list_sessions, get_session, get_session_locations)
