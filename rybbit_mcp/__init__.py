"""An MCP server that answers questions about the visits of a Rybbit site."""

__version__ = "0.1.0"
