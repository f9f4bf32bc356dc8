"""The keys in force in this process, for everything that names a key in a sentence."""

from __future__ import annotations

from tui.keys import KEYS
from tui.keys.key import Key
from tui.keys.keymap import KeyMap

_ROWS = {row.id: row for row in KEYS}


class _Force:
    """What `use` was given last. One app a process, so that one map is enough."""

    keymap = KeyMap()


def use(keymap: KeyMap) -> None:
    """Name the keys of this map from now on."""
    _Force.keymap = keymap


def pressed(row: Key) -> str:
    """The key of a row as Textual names it."""
    return _Force.keymap.key(row)


def shown(row: Key) -> str:
    """The key of a row as written for people."""
    return _Force.keymap.shown(row)


class _Names:
    """`{key.train}` is the key of `anywhere.train`, `{key[models.promote]}` that of the id."""

    def __getattr__(self, action: str) -> str:
        return shown(_ROWS[f"anywhere.{action}"])

    def __getitem__(self, identity: str) -> str:
        return shown(_ROWS[identity])


def with_keys(text: str, **values: object) -> str:
    """A sentence with the names of keys, and other values, put in: `press {key.train}`."""
    return text.format(key=_Names(), **values)
