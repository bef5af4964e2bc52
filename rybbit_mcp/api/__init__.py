"""Speaks to Rybbit over HTTP; knows nothing of MCP."""
