"""The key table, for people, scripts and the operator's own key file."""

from __future__ import annotations

from engine.config import keys_file
from tui.cli.context import Context


def show_keys(context: Context, *, file: bool) -> None:
    """Print the keys in force as a table, or as a key file to edit."""
    from tui.keys import CONTEXTS, KEYS
    from tui.keys.keymap import as_file, read_keymap

    keymap = read_keymap(keys_file(), KEYS)
    for trouble in keymap.troubles:
        context.output.note(trouble)
    if context.output.as_json:
        for row in KEYS:
            context.output.object(
                {
                    "event": "key",
                    "id": row.id,
                    "key": keymap.key(row),
                    "context": row.context,
                    "tooltip": row.tooltip,
                    "changed": row.id in keymap.changed,
                }
            )
    elif file:
        for text in as_file(KEYS, keymap).splitlines():
            context.output.result(text)
    else:
        for row in KEYS:
            where = CONTEXTS[row.context]
            shown = keymap.shown(row)
            context.output.result(f"{row.id:<32} {shown:<10} {where:<22} {row.tooltip}")
