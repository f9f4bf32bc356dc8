"""Keys act one after the other, in the order in which they were typed.

Textual hands a key to the widget with the focus, and only what comes back up to the app is
looked up among the bindings, while a priority key acts at once: in a burst it overtakes those
before it, and letters overtake a Ctrl+U. Deleting what a slower Space should have marked first
is no small matter, so here a key waits until the one before has gone its whole way.
"""

from __future__ import annotations

from collections import deque

from textual import events, on
from textual.app import App
from textual.message import Message

from tui.screens.dialog import Dialog

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
