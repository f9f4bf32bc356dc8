"""The app on its way to the background and back: Ctrl+Z, `kill -STOP`, `fg`.

Textual gives the terminal back at SIGTSTP and takes it again at SIGCONT, but paints only what
changes from then on, while a shell has drawn over all of it. It also takes the terminal a second
time, with a second reader of the keyboard, where SIGCONT comes after a stop that it did not see.
The engine's processes go on meanwhile: pictures are kept until the pipe to the app is full, then
the camera waits for the app to read again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from contextvars import copy_context
from types import FrameType
from typing import Any

from textual.app import App

Handler = Callable[[int, FrameType | None], Any]


def heed_suspension(app: App[Any]) -> None:
    """Paint everything whenever the app is continued; call this from its running loop."""
    if app.is_headless or os.name != "posix":
        return
    loop = asyncio.get_running_loop()
    ours = copy_context()  # a handler's own may not know the app
    stopping, continuing = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
    given_back = False

    def stopped(number: int, frame: FrameType | None) -> None:
        nonlocal given_back
        given_back = True
        if callable(stopping):
            stopping(number, frame)

    def continued(number: int, frame: FrameType | None) -> None:
        nonlocal given_back
        if given_back and callable(continuing):
            continuing(number, frame)
        given_back = False
        with contextlib.suppress(RuntimeError):  # the loop is closed: we are leaving
            loop.call_soon_threadsafe(paint_all, app, context=ours)

    signal.signal(signal.SIGTSTP, stopped)
    signal.signal(signal.SIGCONT, continued)


def paint_all(app: App[Any]) -> None:
    """Send every cell again, not only those that have changed."""
    for screen in app.screen_stack:
        screen.refresh(screen.size.region)
