"""A bare SDK server with one tool that does nothing: what the SDK itself costs."""

from mcp.server import MCPServer

server = MCPServer("noop", log_level="WARNING")


@server.tool(structured_output=False)
async def noop() -> str:
    """Does nothing."""
    return "ok"


if __name__ == "__main__":
    server.run()
