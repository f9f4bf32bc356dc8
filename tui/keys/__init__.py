"""Every key of the app, in one table: bindings, footer, palette, F1 help and README follow it."""

from __future__ import annotations

from textual.binding import Binding

from tui.keys.desk import DELETION, DESK, PEOPLE
from tui.keys.key import MANNERS, Key
from tui.keys.screens import (
    DIALOGS,
    DOCTOR,
    EVALUATION,
    FACES,
    MODELS,
    PREVIEW,
    ROSTER,
    STILLS,
    TWINS,
    UNKNOWN,
)

__all__ = ["CONTEXTS", "KEYS", "OPENERS", "Key", "bindings_of", "keys_of"]

OPENERS = frozenset(
    (
        "new_person",
        "import_folder",
        "recognise",
        "models",
        "rename",
        "delete",
        "help",
        "why",
        "inbox",
        "roster",
        "still",
    )
) | {"person", "merge", "consent", "jump", "copy"}
"""Actions that open a dialog. Their keys act at once, before the next key is looked at, so that
what is typed after them goes to the dialog and not to the desk behind it."""

CONTEXTS: dict[str, str] = {
    "anywhere": "Anywhere",
    "people": "In the people list",
    "person": "In a person's screen",
    "models": "In the models screen",
    "still": "Looking at pictures",
    "evaluation": "In the evaluation",
    "inbox": "In the unknown inbox",
    "group": "In a group of the inbox",
    "doctor": "In the doctor",
    "dialog": "In a dialog",
    "question": "In a question",
    "deletion": "When people are deleted",
    "twin": "When a person looks like another",
    "face": "When a capture shows two faces",
    "copied": "In the copy dialog",
    "welcome": "In the welcome",
}
"""Contexts and the headings that F1 help gives them."""

KEYS: tuple[Key, ...] = (
    *DESK,
    *PREVIEW,
    *STILLS,
    *ROSTER,
    *PEOPLE,
    *MODELS,
    *EVALUATION,
    *UNKNOWN,
    *DOCTOR,
    *DIALOGS,
    *DELETION,
    *TWINS,
    *FACES,
    *MANNERS,
)


def keys_of(context: str) -> tuple[Key, ...]:
    """The keys that work in a context."""
    return tuple(key for key in KEYS if key.context == context)


def bindings_of(context: str, *leave_out: str) -> list[Binding]:
    """Textual bindings of a context, without the named actions (Textual has its own)."""
    return [key.binding() for key in keys_of(context) if key.action not in leave_out]
