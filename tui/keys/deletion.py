"""The keys of the question what a deletion means: the trash, or every trace at once."""

from __future__ import annotations

from tui.keys.key import Key

DELETION: tuple[Key, ...] = (
    Key(
        key="y",
        action="answer('trash')",
        label="To the trash",
        context="deletion",
        footer=False,
        palette=False,
        tooltip="Put them into the trash; u brings them back",
    ),
    Key(
        key="e",
        action="answer('erase')",
        label="Erase at once",
        context="deletion",
        footer=False,
        palette=False,
        tooltip="Erase every trace for good, after a question",
    ),
    Key(
        key="n",
        action="answer('keep')",
        label="Keep",
        context="deletion",
        footer=False,
        palette=False,
        tooltip="Leave everything as it is",
    ),
)
