"""The app on its way to the background and back (Ctrl+Z, `kill -STOP`, `fg`), and to its end.

Textual gives the terminal back at SIGTSTP and takes it again at SIGCONT, but paints only what
changes from then on, while a shell has drawn over all of it. It also takes the terminal a second
time, with a second reader of the keyboard, where SIGCONT comes after a stop that it did not see.
The engine's processes go on meanwhile: pictures are kept until the pipe to the app is full, then
the camera waits for the app to read again.

Keys act one after the other, in the order in which they were typed. Textual hands a key to the
widget with the focus, and only what comes back up to the app is looked up among the bindings, while
a priority key acts at once: in a burst it overtakes those before it, and letters overtake a Ctrl+U.
Deleting what a slower Space should have marked first is no small matter, so here a key waits until
the one before has gone its whole way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from types import FrameType
from typing import Any

from textual import events, on
from textual.app import App
from textual.driver import Driver
from textual.message import Message

from tui.screens.dialog import Dialog
from tui.terminal.line import AnyByteDriver


def paint_all(app: App[Any]) -> None:
    """Send every cell again, not only those that have changed."""
    for screen in app.screen_stack:
        screen.refresh(screen.size.region)


CLOSE_WITHIN = 8.0
"""Seconds after which the app exits without waiting for the engine."""
GRACE = 3.0
"""Seconds the interface may take to give the terminal back."""


class End:
    """The end of the desk, once whoever asks; and of the process, if it does not end itself."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._once = threading.Lock()
        self._done = False

    def desk(self) -> None:
        """Close the desk; a second caller waits for the first."""
        with self._once:
            if not self._done:
                self._done = True
                self._close()

    def within(self, seconds: float) -> None:
        """Close the desk, and wait for it no longer than that."""
        closer = threading.Thread(target=self.desk, daemon=True)
        closer.start()
        closer.join(seconds)

    def process_later(self, driver: Driver | None) -> None:
        """End the process even if the terminal is gone: Textual waits for its writes for ever."""
        if isinstance(driver, AnyByteDriver):
            threading.Thread(target=self._process, args=(driver.give_back,), daemon=True).start()

    def _process(self, give_back: Callable[[], None]) -> None:
        """Close the desk, let the interface end by itself, else give the terminal back in its
        place and end the process."""
        self.within(CLOSE_WITHIN)
        time.sleep(GRACE)
        give_back()
        os._exit(0)


def heed_signals(app: App[Any], end: End, close_down: Callable[[], object]) -> None:
    """Paint everything whenever the app is continued; and end in good order when a closed SSH
    connection or a `kill` asks for it. Call this from the app's running loop."""
    if app.is_headless or os.name != "posix":
        return
    loop = asyncio.get_running_loop()
    ours = copy_context()  # a handler's own may not know the app
    stopping, continuing = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
    given_back = False

    def in_loop(call: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: we are leaving
            loop.call_soon_threadsafe(call, *arguments, context=ours)

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
        in_loop(paint_all, app)

    def ended(number: int, frame: FrameType | None) -> None:
        end.process_later(app._driver)
        in_loop(close_down)

    signal.signal(signal.SIGTSTP, stopped)
    signal.signal(signal.SIGCONT, continued)
    # Not the loop's own handlers: they do not run while the UI thread waits for the terminal.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, ended)


LEAVING = frozenset({"ctrl+c", "ctrl+q"})
"""Keys that wait for nothing."""
LOST = 0.5
"""Seconds after which a key counts as done whose widget went away with it."""


class KeyDone(Message):
    """Follows a key on its way up from the widget with the focus, which may keep the key."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeysInOrder(App[None]):
    """An app that takes one key at a time, and none for a dialog that is still opening."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead: deque[events.Key] = deque()
        """Keys typed while another is on its way, or while a dialog opens."""
        self._on_its_way = 0
        """Number of the key that a widget has now; 0 for none."""
        self._keys = 0

    async def on_event(self, event: events.Event) -> None:
        """Let a key in when it is its turn."""
        if not isinstance(event, events.Key) or event.key in LEAVING:
            await super().on_event(event)
        elif event.is_forwarded:  # no widget kept it: the app is the end of its way
            await super().on_event(event)
            await self._arrived(self._on_its_way)
        elif self._ahead or self._busy:
            self._ahead.append(event)
        else:
            await self._take(event)

    @property
    def _busy(self) -> bool:
        opening = isinstance(self.screen, Dialog) and not self.screen.opened
        return opening or bool(self._on_its_way)

    async def _take(self, event: events.Key) -> None:
        target = self.focused or self.screen
        await super().on_event(event)
        if not event.is_forwarded:
            return  # a priority key: it has acted
        self._keys += 1
        number = self._keys
        if target.post_message(KeyDone(number)):
            self._on_its_way = number
            self.set_timer(LOST, lambda: self.call_later(self._arrived, number))

    @on(KeyDone)
    async def _key_done(self, message: KeyDone) -> None:
        message.stop()
        await self._arrived(message.number)

    async def _arrived(self, number: int) -> None:
        if number and number == self._on_its_way:
            self._on_its_way = 0
            await self._go_on()

    @on(Dialog.Opened)
    async def _go_on(self) -> None:
        """Take what was typed meanwhile, in order."""
        while self._ahead and not self._busy:
            await self._take(self._ahead.popleft())
