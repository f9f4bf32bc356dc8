"""The keys of the desk."""

from __future__ import annotations

from tui.keys.key import Key

DESK: tuple[Key, ...] = (
    Key(
        key="n",
        action="new_person",
        priority=True,  # see OPENERS
        label="New",
        tooltip="Enrol a person from a camera, clip or stream",
    ),
    Key(
        key="i",
        action="import_folder",
        priority=True,  # see OPENERS
        label="Import",
        tooltip="Take pictures from a folder with one sub-folder a person",
    ),
    Key(
        key="s",
        action="split",
        label="Split",
        tooltip="Divide the pictures into training, validation and test",
    ),
    Key(
        key="t",
        action="train",
        label="Train",
        tooltip="Train a model on the split, epoch by epoch",
    ),
    Key(
        key="r",
        action="recognise",
        priority=True,  # see OPENERS
        label="Recognise",
        tooltip="Name the people in front of a camera",
    ),
    Key(
        key="v",
        action="evaluation",
        label="Evaluate",
        footer=False,
        tooltip="Show how good the model in use is; measures it first where needed",
    ),
    Key(
        key="x",
        action="stop",
        label="Stop",
        tooltip="End the running job in good order and keep what it has",
    ),
    Key(
        key="escape",
        action="cancel",
        label="End",
        display="esc",
        tooltip="End the running job and all that was to follow; pictures stay",
    ),
    Key(
        key="m",
        action="models",
        priority=True,  # see OPENERS
        label="Models",
        footer=False,
        tooltip="List the models, put one into use, or go back",
    ),
    Key(
        key="e",
        action="rename",
        priority=True,  # see OPENERS
        label="Rename",
        context="people",
        tooltip="Rename the selected person",
    ),
    Key(
        key="d",
        action="delete",
        priority=True,  # see OPENERS
        label="Delete",
        context="people",
        tooltip="Delete the marked people, or the selected one",
    ),
    Key(
        key="1",
        action="show_pane('people')",
        label="People",
        footer=False,
        tooltip="Go to the people list",
    ),
    Key(
        key="2",
        action="show_pane('capture')",
        label="Capture",
        footer=False,
        tooltip="Go to the capture pane",
    ),
    Key(
        key="3",
        action="show_pane('split')",
        label="Split pane",
        footer=False,
        tooltip="Go to the split and its shares",
    ),
    Key(
        key="4",
        action="show_pane('training')",
        label="Training",
        footer=False,
        tooltip="Go to the training pane",
    ),
    Key(
        key="5",
        action="show_pane('recognition')",
        label="Recognition",
        footer=False,
        tooltip="Go to the recognition pane",
    ),
    Key(
        key="6",
        action="show_pane('activity')",
        label="Activity log",
        footer=False,
        tooltip="Go to the activity log",
    ),
    Key(
        key="f1",
        action="help",
        priority=True,  # see OPENERS
        label="Help",
        display="F1",
        tooltip="Show every key, those of this pane first",
    ),
    Key(
        key="ctrl+p",
        action="command_palette",
        label="Palette",
        display="ctrl+p",
        footer=False,
        priority=True,
        palette=False,
        tooltip="Find any action by typing a part of its name",
    ),
    Key(
        key="tab",
        action="app.focus_next",
        priority=True,  # at once, so that keys typed ahead go to the right field
        label="Next",
        footer=False,
        palette=False,
        tooltip="Go to the next field or pane",
    ),
    Key(
        key="shift+tab",
        action="app.focus_previous",
        priority=True,  # at once, so that keys typed ahead go to the right field
        label="Previous",
        footer=False,
        palette=False,
        tooltip="Go to the field or pane before",
    ),
    Key(
        key="q",
        action="quit",
        label="Quit",
        tooltip="Leave Facedesk; asks only if a capture or training is running",
    ),
    Key(
        key="ctrl+c",
        action="interrupt",
        label="Copy or quit",
        footer=False,
        priority=True,
        palette=False,
        tooltip="Copy the selected text; with nothing selected, leave Facedesk",
    ),
    Key(
        key="ctrl+q",
        action="quit",
        label="Quit",
        footer=False,
        priority=True,
        palette=False,
        variant="anywhere",
        tooltip="Leave Facedesk from anywhere, a dialog too",
    ),
)
