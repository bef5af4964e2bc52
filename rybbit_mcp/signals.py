"""Ends the process on SIGTERM and SIGINT within a second, its clean-up run."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

CLEAN_UP_S = 0.5
"""Time for the clean-up: the thread that reads standard input cannot be interrupted."""


class Signals:
    """Waits for the signals in a thread of its own, from the start of the process on.

    Python's own handlers run in the main thread between two steps of Python: too late while it
    works inside DuckDB, and with a traceback while it imports.
    """

    def __init__(self) -> None:
        self._clean_up: Callable[[], object] | None = None
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            ending = {signal.SIGTERM, signal.SIGINT}
            signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # later threads inherit it
            threading.Thread(target=self._wait, args=[ending], daemon=True).start()

    def call_first(self, clean_up: Callable[[], object]) -> None:
        """Have this called before the end, in the waiting thread; it must not block."""
        self._clean_up = clean_up

    def _wait(self, ending: set[signal.Signals]) -> None:
        signal.sigwait(ending)
        if self._clean_up is not None:
            self._clean_up()
            time.sleep(CLEAN_UP_S)
        os._exit(0)
