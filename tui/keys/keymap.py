"""The operator's own keys: `keys.toml` beside the configuration maps binding ids to keys.

    "anywhere.new_person" = "f4"

A mistake in the file never stops the app: it becomes a sentence, and the default key stays. Also
the keys in force in this process, for everything that names a key in a sentence.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.workspace.files import open_regular
from tui.keys.table import KEYS, WRITTEN, Key, written

RESERVED: dict[str, str] = {
    **dict.fromkeys(("ctrl+b", "ctrl+a"), "tmux and screen take it"),
    **dict.fromkeys(("ctrl+s", "ctrl+q"), "it stops or starts a terminal, or leaves Facedesk"),
    **dict.fromkeys(("ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"), "a terminal sends it for another"),
    **dict.fromkeys(("ctrl+c", "ctrl+z"), "it interrupts programs"),
    **dict.fromkeys(("tab", "shift+tab", "enter", "space", "backspace"), "fields need it"),
    **dict.fromkeys(("up", "down", "left", "right", "home", "end"), "lists need it"),
    **dict.fromkeys(("pageup", "pagedown"), "lists need it"),
}
"""Keys that nothing can be mapped to, and why. What has one of them by default keeps it, so that
one can always move about and get out."""

ON_THE_DESK = frozenset(
    ("people", "capture", "split", "training", "recognition", "activity", "anywhere")
)
"""Contexts of the desk: their keys work side by side, those of a screen or dialog alone."""

LARGEST = 1 << 20
"""Bytes of a key file that are read."""
NAMED = re.compile(r"(ctrl\+|shift\+|alt\+)*(f([1-9]|1[0-9]|2[0-4])|escape|insert|delete|[a-z_]+)")
CHARACTERS = {shown: name for name, shown in WRITTEN.items() if len(shown) == 1}


@dataclass(frozen=True, slots=True)
class KeyMap:
    """The keys that differ from the table, by id, and what was wrong with the file."""

    changed: Mapping[str, str] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()

    def key(self, row: Key) -> str:
        """The key of a row, as Textual names it."""
        return self.changed.get(row.id, row.key)

    def shown(self, row: Key) -> str:
        """The key of a row, as written for people."""
        return written(self.changed[row.id]) if row.id in self.changed else row.shown


def read_keymap(path: Path, table: Iterable[Key]) -> KeyMap:
    """The key file against the key table. Never raises; a file that is not there changes
    nothing."""
    try:
        with open_regular(path) as file:  # a pipe would hang, a device never end
            return checked(tomllib.loads(file.read(LARGEST).decode()), tuple(table))
    except FileNotFoundError:
        return KeyMap()
    except (OSError, ValueError, RecursionError) as error:
        return KeyMap(troubles=(f"The key file cannot be read: {path}: {error}.",))


def checked(wanted: Mapping[str, Any], table: tuple[Key, ...]) -> KeyMap:
    """What of the wished keys can be had."""
    rows = {row.id: row for row in table}
    changed: dict[str, str] = {}
    troubles = []
    for identity, wish in flat(wanted):
        identity = identity.replace("inbox", "unknown")  # as files of before call them
        row = rows.get(identity)
        if row is None:
            troubles.append(f"Key file: there is no {identity}; `facedesk keys` lists the ids.")
            continue
        key = CHARACTERS.get(wish, wish) if isinstance(wish, str) else ""
        why = _why_not(row, key)
        if why:
            troubles.append(f"Key file: {identity} stays {row.shown}: {why}.")
        elif key != row.key:
            changed[identity] = key
    # Taking one wish back may free or take a key, so until nothing clashes.
    while clash := _first_clash(changed, table):
        identity, other = clash
        stays, key = rows[identity].shown, written(changed.pop(identity))
        troubles.append(f"Key file: {identity} stays {stays}: {key} is {other.id} already.")
    return KeyMap(changed, tuple(troubles))


def flat(wanted: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Ids and keys of the file, whether the ids are quoted or stand below a `[context]`."""
    for name, value in wanted.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _why_not(row: Key, key: str) -> str:
    """Why a row cannot have a key; empty if it can."""
    if row.key in RESERVED:
        return "this key is fixed"
    if key in RESERVED:
        return f"{key} is reserved ({RESERVED[key]})"
    if len(key) != 1 and not NAMED.fullmatch(key):
        return f"{key!r} is no key"
    # Textual leaves the keys that a field takes to the field by the key of the table, not ours.
    if _sort(key) not in ("named", _sort(row.key)):
        return f"{written(key)} would be typed into fields"
    return ""


def _sort(key: str) -> str:
    if key.isdigit():
        return "digit"
    return "letter" if len(WRITTEN.get(key, key)) == 1 and key not in RESERVED else "named"


def _first_clash(changed: Mapping[str, str], table: tuple[Key, ...]) -> tuple[str, Key] | None:
    """An id whose new key another row has that works at the same time, and that row."""
    for row in table:
        if row.id not in changed:
            continue
        for other in table:
            same = changed.get(other.id, other.key) == changed[row.id]
            if other.id != row.id and same and _meet(row, other):
                return row.id, other
    return None


def _meet(one: Key, other: Key) -> bool:
    """Whether two keys work at the same time."""
    contexts = {one.context, other.context}
    if len(contexts) == 1 or one.everywhere or other.everywhere:
        return True
    if contexts <= ON_THE_DESK:
        return "anywhere" in contexts
    return "dialog" in contexts and not contexts & ON_THE_DESK


def as_file(table: Iterable[Key], keymap: KeyMap) -> str:
    """A key file with every id, ready to be edited: what is as in the table is commented out."""
    lines = ["# Keys of Facedesk. Take the # away from a line and change the key.", ""]
    for row in table:
        if row.key not in RESERVED:
            sign = "" if row.id in keymap.changed else "# "
            key = json.dumps(keymap.key(row), ensure_ascii=False)  # quoted as in TOML
            lines.append(f'{sign}"{row.id}" = {key}  # {row.tooltip}')
    return "\n".join(lines)


ROWS = {row.id: row for row in KEYS}
"""The rows of the table by the ids of their bindings."""


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
        return shown(ROWS[f"anywhere.{action}"])

    def __getitem__(self, identity: str) -> str:
        return shown(ROWS[identity])


def with_keys(text: str, **values: object) -> str:
    """A sentence with the names of keys, and other values, put in: `press {key.train}`."""
    return text.format(key=_Names(), **values)
