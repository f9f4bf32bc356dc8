"""Every key of the app, in one table: bindings, footer, palette, F1 help and README follow it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `context` is where it works: anywhere, people, models,
    evaluation, dialog or question.

    `label` is the short word in the footer, `tooltip` the sentence in help and palette.
    """

    key: str
    action: str
    label: str
    tooltip: str
    context: str = "anywhere"
    footer: bool = True
    display: str | None = None
    priority: bool = False
    palette: bool = True
    variant: str = ""

    @property
    def id(self) -> str:
        """The binding's stable name, for key maps."""
        action = self.action.partition("(True")[0].partition("(False")[0]
        action = action.replace("('", "-").removesuffix("')").removeprefix("app.")
        return f"{self.context}.{action}{'-' + self.variant if self.variant else ''}"

    @property
    def shown(self) -> str:
        """The key as written for people."""
        return self.display or self.key

    def binding(self) -> Binding:
        """The Textual binding of this row."""
        return Binding(
            self.key,
            self.action,
            self.label,
            show=self.footer,
            key_display=self.display,
            priority=self.priority,
            tooltip=self.tooltip,
            id=self.id,
        )


OPENERS = frozenset(
    ("new_person", "import_folder", "recognise", "models", "rename", "delete", "help")
)
"""Actions that open a dialog. Their keys act at once, before the next key is looked at, so that
what is typed after them goes to the dialog and not to the desk behind it."""

CONTEXTS: dict[str, str] = {
    "anywhere": "Anywhere",
    "people": "In the people list",
    "models": "In the models screen",
    "evaluation": "In the evaluation",
    "dialog": "In a dialog",
    "question": "In a question",
}
"""Contexts and the headings that F1 help gives them."""

KEYS: tuple[Key, ...] = (
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
        label="Cancel",
        display="esc",
        tooltip="Give up the running job; what was there before stays",
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
        tooltip="Delete the selected person and all their pictures",
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
        tooltip="Return to the model before the current one",
    ),
    Key(
        key="v",
        action="app.measure",
        label="Measure again",
        context="evaluation",
        palette=False,
        tooltip="Measure once more what was measured last",
    ),
    Key(
        key="f",
        action="app.other_pictures",
        label="Others",
        context="evaluation",
        palette=False,
        tooltip="Measure on other probes, strangers or FPIR",
    ),
    Key(
        key="w",
        action="app.write_report",
        label="Report",
        context="evaluation",
        palette=False,
        tooltip="Measure again and write the HTML report",
    ),
    Key(
        key="x",
        action="app.stop_evaluation",
        label="Stop",
        context="evaluation",
        palette=False,
        tooltip="Give the running evaluation up",
    ),
    *(
        Key(
            key=str(number),
            action=f"show_part('{part}')",
            label=label,
            context="evaluation",
            footer=False,
            palette=False,
            tooltip=tooltip,
        )
        for number, (part, label, tooltip) in enumerate(
            (
                ("overview", "Overview", "Go to the figures and their intervals"),
                ("persons", "People", "Go to the figures of each person and session"),
                ("confusion", "Confusion", "Go to the matrix of who was named whom"),
                ("curve", "Curve", "Go to the curve of TPIR over FPIR"),
                ("doubtful", "Doubtful", "Go to leakage, warnings and doubtful pictures"),
            ),
            1,
        )
    ),
    Key(
        key="f1",
        action="app.help",
        label="Help",
        display="F1",
        context="evaluation",
        palette=False,
        tooltip="Show every key, those of this screen first",
    ),
    Key(
        key="escape",
        action="back",
        label="Back",
        display="esc",
        context="evaluation",
        palette=False,
        tooltip="Back to the desk; what is running goes on",
    ),
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


def keys_of(context: str) -> tuple[Key, ...]:
    """The keys that work in a context."""
    return tuple(key for key in KEYS if key.context == context)


def bindings_of(context: str, *leave_out: str) -> list[Binding]:
    """Textual bindings of a context, without the named actions (Textual has its own)."""
    return [key.binding() for key in keys_of(context) if key.action not in leave_out]
