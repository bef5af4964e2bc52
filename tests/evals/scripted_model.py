"""A model that knows one trick: it reads the prompt, calls a tool, and repeats what it said."""

from __future__ import annotations

import json
import re
import sys


def main() -> int:
    prompt = sys.stdin.read()
    mode = sys.argv[1]
    answers = re.findall(r"<answer-\d+>\n(.*?)\n</answer-\d+>", prompt, re.DOTALL)
    if mode == "fails":
        return 3
    if mode == "loops" or (mode == "asks" and not answers):
        arguments = {"site": "1", "period": "today"}
        print("Let me see.\n" + json.dumps({"tool": "summarize_sessions", "arguments": arguments}))
    elif mode == "invents" and not answers:
        print(json.dumps({"tool": "delete_site"}))
    elif mode == "leaks":
        print("Write to mila.novak1@example.com")
    elif answers:
        print(f"This is what I found: {answers[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
