"""Ends the process within a second, its clean-up run: on SIGTERM, SIGINT, and when told to."""

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
        self._is_ending = False
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            ending = {signal.SIGTERM, signal.SIGINT}
            signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # later threads inherit it
            threading.Thread(target=self._wait, args=[ending], daemon=True).start()

    def call_first(self, clean_up: Callable[[], object]) -> None:
        """Have this called before the end, in the waiting thread; it must not block."""
        self._clean_up = clean_up

    def end_soon(self) -> None:
        """End the process in a moment, however its clean-up goes."""
        if not self._is_ending:
            self._is_ending = True
            threading.Thread(target=_end, daemon=True).start()

    def _wait(self, ending: set[signal.Signals]) -> None:
        signal.sigwait(ending)
        if self._clean_up is not None:
            self._clean_up()
            _end()
        os._exit(0)


def _end() -> None:
    time.sleep(CLEAN_UP_S)
    os._exit(0)
