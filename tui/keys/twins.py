"""The keys of the question about twins."""

from __future__ import annotations

from tui.keys.key import Key

TWINS: tuple[Key, ...] = (
    Key(
        key="y",
        action="twin('same')",
        label="Same person",
        context="twin",
        footer=False,
        palette=False,
        tooltip="It is the same person: the pictures go to them",
    ),
    Key(
        key="n",
        action="twin('different')",
        label="Different",
        context="twin",
        footer=False,
        palette=False,
        tooltip="They are different people: go on as before",
    ),
    Key(
        key="s",
        action="twin('stop')",
        label="Stop",
        context="twin",
        footer=False,
        palette=False,
        tooltip="Stop: nothing of this capture is kept",
    ),
)
