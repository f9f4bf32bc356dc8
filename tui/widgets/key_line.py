"""The last line of a screen: the keys that work now. One widget, drawn as one line.

Textual's own footer makes a widget of each key, again at every change of the focus; on this desk
that was half of the time between a key and its answer.
"""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.screen import Screen
from textual.widget import Widget

_KEY = "key_line_key"
"""Name in a style's metadata of the key that a click stands for."""


class KeyLine(Widget):
    """Key and word of each shown binding, once an action; dim where it does nothing now."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--word"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        & > .keys--key { color: $footer-key-foreground; text-style: bold; }
        & > .keys--word { color: $footer-description-foreground; }
    }
    """

    def on_mount(self) -> None:
        """Draw again when other keys work."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    def render(self) -> Text:
        """One line; what does not fit is cut off."""
        key_style = self.get_component_rich_style("keys--key", partial=True)
        word_style = self.get_component_rich_style("keys--word", partial=True)
        line = Text(no_wrap=True, overflow="crop")
        actions: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or binding.action in actions:
                continue
            actions.add(binding.action)
            mark = Style(meta={_KEY: binding.key}, dim=True if not active.enabled else None)
            line.append(self.app.get_key_display(binding), key_style + mark)
            line.append(f" {binding.description}", word_style + mark)
            line.append(" ")
        return line

    def on_click(self, event: events.Click) -> None:
        """A click on a key is that key."""
        key = event.style.meta.get(_KEY)
        if key:
            self.app.simulate_key(key)
