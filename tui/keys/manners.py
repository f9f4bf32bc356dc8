"""The keys for looking around: jump, zoom, copy."""

from __future__ import annotations

from tui.keys.key import Key

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
