"""The key of the live preview."""

from __future__ import annotations

from tui.keys.key import Key

PREVIEW: tuple[Key, ...] = (
    Key(
        key="p",
        action="preview_level",
        label="Preview",
        footer=False,
        tooltip="Change how much of the line the camera's picture may use: auto, normal, low, off",
    ),
)
