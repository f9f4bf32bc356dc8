"""Every key of the app, in one table: bindings, footer, palette, F1 help and README follow it."""

from __future__ import annotations

from textual.binding import Binding

from tui.keys.desk import DESK
from tui.keys.dialogs import DIALOGS
from tui.keys.evaluation import EVALUATION
from tui.keys.key import Key
from tui.keys.manners import MANNERS
from tui.keys.models import MODELS

__all__ = ["CONTEXTS", "KEYS", "OPENERS", "Key", "bindings_of", "keys_of"]

OPENERS = frozenset(
    ("new_person", "import_folder", "recognise", "models", "rename", "delete", "help")
) | {"jump", "copy"}
"""Actions that open a dialog. Their keys act at once, before the next key is looked at, so that
what is typed after them goes to the dialog and not to the desk behind it."""

CONTEXTS: dict[str, str] = {
    "anywhere": "Anywhere",
    "people": "In the people list",
    "models": "In the models screen",
    "evaluation": "In the evaluation",
    "dialog": "In a dialog",
    "question": "In a question",
    "copied": "In the copy dialog",
    "welcome": "In the welcome",
}
"""Contexts and the headings that F1 help gives them."""

KEYS: tuple[Key, ...] = (*DESK, *MODELS, *EVALUATION, *MANNERS, *DIALOGS)


def keys_of(context: str) -> tuple[Key, ...]:
    """The keys that work in a context."""
    return tuple(key for key in KEYS if key.context == context)


def bindings_of(context: str, *leave_out: str) -> list[Binding]:
    """Textual bindings of a context, without the named actions (Textual has its own)."""
    return [key.binding() for key in keys_of(context) if key.action not in leave_out]
