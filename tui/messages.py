"""Messages of the app as a whole. Each pane's own messages stand in its class."""

from __future__ import annotations

from textual.message import Message


class EngineNews(Message):
    """The bridge holds events. One waits at a time; newer ones take its place."""

    def can_replace(self, message: Message) -> bool:
        """All news is the same news: come and take it."""
        return isinstance(message, EngineNews)
