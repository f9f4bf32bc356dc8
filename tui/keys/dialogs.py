"""The keys of dialogs and questions."""

from __future__ import annotations

from tui.keys.key import Key

DIALOGS: tuple[Key, ...] = (
    Key(
        key="escape",
        action="dismiss_dialog",
        label="Close",
        display="esc",
        context="dialog",
        palette=False,
        tooltip="Close the dialog; nothing is changed",
    ),
    Key(
        key="enter",
        action="confirm",
        label="OK",
        display="enter",
        context="dialog",
        footer=False,
        palette=False,
        tooltip="Do what the dialog offers",
    ),
    Key(
        key="y",
        action="answer(True)",
        label="Yes",
        context="question",
        footer=False,
        palette=False,
        variant="yes",
        tooltip="Do it",
    ),
    Key(
        key="n",
        action="answer(False)",
        label="No",
        context="question",
        footer=False,
        palette=False,
        variant="no",
        tooltip="Leave everything as it is",
    ),
)
