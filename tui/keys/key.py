"""One key as a row of the table: where it works, what it does, and how it is told.

The keys for looking around: jump, zoom, copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `context` is where it works: anywhere, people, person, models,
    evaluation, dialog, question or deletion.

    `label` is the short word in the footer, `tooltip` the sentence in help and palette.
    """

    key: str
    action: str
    label: str
    tooltip: str
    context: str = "anywhere"
    footer: bool = True
    display: str | None = None
    priority: bool = False
    palette: bool = True
    variant: str = ""

    @property
    def id(self) -> str:
        """The binding's stable name, for key maps."""
        # Of what an action is given, only a word belongs into a name.
        action = re.sub(r"\([^'].*\)$", "", self.action)
        action = action.replace("('", "-").removesuffix("')").removeprefix("app.")
        return f"{self.context}.{action}{'-' + self.variant if self.variant else ''}"

    @property
    def shown(self) -> str:
        """The key as written for people."""
        return self.display or self.key

    def binding(self) -> Binding:
        """The Textual binding of this row."""
        return Binding(
            self.key,
            self.action,
            self.label,
            show=self.footer,
            key_display=self.display,
            priority=self.priority,
            tooltip=self.tooltip,
            id=self.id,
        )


MANNERS: tuple[Key, ...] = (
    Key(
        key="j",
        action="jump",
        priority=True,  # see OPENERS
        label="Jump",
        footer=False,
        tooltip="Show a letter on every pane and field; the letter goes there",
    ),
    Key(
        key="z",
        action="zoom",
        label="Zoom",
        footer=False,
        tooltip="Give the pane in front the whole desk, and take it back",
    ),
    Key(
        key="y",
        action="copy",
        priority=True,  # see OPENERS
        label="Copy",
        footer=False,
        tooltip="Copy what is in front as text (OSC 52), or write it to a file",
    ),
    Key(
        key="y",
        action="app.copy",
        label="Copy",
        context="evaluation",
        footer=False,
        palette=False,
        tooltip="Copy the figures as text (OSC 52), or write them to a file",
    ),
    Key(
        key="y",
        action="app.copy",
        label="Copy",
        context="models",
        footer=False,
        palette=False,
        tooltip="Copy the table of models (OSC 52), or write it to a file",
    ),
    Key(
        key="w",
        action="confirm",
        label="Write file",
        context="copied",
        palette=False,
        tooltip="Write what was copied to the file",
    ),
    Key(
        key="n",
        action="enrol_first",
        label="New",
        context="welcome",
        palette=False,
        tooltip="Close the welcome and enrol the first person",
    ),
    Key(
        key="q",
        action="app.quit",
        label="Quit",
        context="welcome",
        palette=False,
        tooltip="Leave Facedesk",
    ),
)
