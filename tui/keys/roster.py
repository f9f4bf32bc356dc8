"""The keys of the roster."""

from __future__ import annotations

from tui.keys.key import Key

ROSTER: tuple[Key, ...] = (
    Key(
        key="l",
        action="roster",
        priority=True,  # see OPENERS
        label="Roster",
        footer=False,
        tooltip="Work through a list of names as people come by",
    ),
)
