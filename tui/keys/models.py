"""The keys of the models screen."""

from __future__ import annotations

from tui.keys.key import Key

MODELS: tuple[Key, ...] = (
    Key(
        key="p",
        action="promote",
        label="Put into use",
        context="models",
        palette=False,
        tooltip="Recognise with the selected model from now on",
    ),
    Key(
        key="b",
        action="rollback",
        label="Go back",
        context="models",
        palette=False,
        tooltip="Return to the model that was in use before",
    ),
)
