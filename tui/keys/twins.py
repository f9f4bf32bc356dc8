"""The keys of the questions about twins and second faces."""

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
        tooltip="Stop: the pictures of this capture go to the trash",
    ),
)

FACES: tuple[Key, ...] = (
    Key(
        key="f",
        action="face('first')",
        label="Keep the first",
        context="face",
        footer=False,
        palette=False,
        tooltip="The first face is meant: pictures of the other go to the trash",
    ),
    Key(
        key="o",
        action="face('other')",
        label="Keep the other",
        context="face",
        footer=False,
        palette=False,
        tooltip="The other face is meant: pictures of the first go to the trash",
    ),
    Key(
        key="b",
        action="face('both')",
        label="Keep both",
        context="face",
        footer=False,
        palette=False,
        tooltip="Both are the same person: all pictures stay",
    ),
    Key(
        key="d",
        action="face('stop')",
        label="Discard",
        context="face",
        footer=False,
        palette=False,
        tooltip="All pictures of this capture go to the trash",
    ),
)
