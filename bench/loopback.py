"""Serves the demo's application on a loopback port, as a real Rybbit would be reached."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import uvicorn

from rybbit_mcp.demo import create_demo_app

if __name__ == "__main__":
    app = create_demo_app(now=lambda: datetime.now(UTC))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
