"""`python -m rybbit_mcp` is `rybbit-mcp`."""

from rybbit_mcp.cli import main

if __name__ == "__main__":
    main()
