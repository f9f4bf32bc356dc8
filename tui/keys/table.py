"""Every key of the app, in one table: bindings, footer, palette, help and docs/keys.md follow it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from textual.binding import Binding

CONTEXTS: dict[str, str] = {
    "anywhere": "Anywhere",
    "list": "In every list",
    "people": "In the people list",
    "activity": "In the activity log",
    "person": "In a person's screen",
    "models": "In the models screen",
    "still": "Looking at pictures",
    "sheet": "Looking at a person's pictures",
    "evaluation": "In the evaluation",
    "why": "While a decision is explained",
    "roster": "In the roster",
    "unknown": "In the list of unknown people",
    "group": "In a group of pictures of an unknown",
    "doctor": "In the doctor",
    "dialog": "In a dialog",
    "question": "In a question",
    "deletion": "When people are deleted",
    "twin": "When a person looks like another",
    "face": "When a capture shows two faces",
}
"""Contexts and the headings that the help gives them."""

ANSWERS = frozenset({"question", "deletion", "twin", "face"})
"""Contexts of questions: their buttons show the keys. Everywhere else a letter means one thing."""

WRITTEN = {
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
}
"""Textual's names of keys that are written otherwise for people."""


def written(key: str) -> str:
    """A key's name for people: `esc`, `F4`, `ctrl+p`, `?`."""
    return key.upper() if re.fullmatch(r"f\d+", key) else WRITTEN.get(key, key)


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `context` is where it works, `label` the word in the footer, `tooltip` the sentence
    in help and palette. The action is found on the screen or pane of the context, with "app."
    before it on the app.

    `where` are words: "footer" and "palette" show the key there, the name of a pane shows it
    first in the footer while that pane is in front; "first" lets it act at once, before the next
    key is looked at, so that what is typed after it goes to the dialog that it opens and not to the
    desk behind. `variant` tells two keys of one action apart.
    """

    context: str
    key: str
    action: str
    label: str
    tooltip: str
    where: str = ""
    variant: str = ""

    @property
    def id(self) -> str:
        """The binding's stable name, for key maps."""
        # Of what an action is given, only a word belongs into a name.
        action = re.sub(r"\([^'].*\)$", "", self.name).replace("('", "-").removesuffix("')")
        return f"{self.context}.{action}{'-' + self.variant if self.variant else ''}"

    @property
    def name(self) -> str:
        """The action's name without the place where it is found."""
        return self.action.removeprefix("app.").removeprefix("screen.")

    @property
    def shown(self) -> str:
        """The key as written for people."""
        return written(self.key)

    @property
    def everywhere(self) -> bool:
        """Whether the key works in every screen and dialog."""
        return self.first and self.action.startswith("app.")

    @property
    def palette(self) -> bool:
        """Whether the command palette offers the action."""
        return "palette" in self.where

    @property
    def first(self) -> bool:
        """Whether the key acts before the next one is looked at."""
        return "first" in self.where

    def binding(self) -> Binding:
        """The Textual binding of this row."""
        show = "footer" in self.where
        return Binding(
            self.key, self.action, self.label, show, None, self.first, self.tooltip, self.id
        )


# fmt: off
KEYS: tuple[Key, ...] = tuple(Key(*row) for row in (
    ("anywhere", "n", "new_person", "New", "Enrol a person from a camera, clip or stream", "footer palette first capture"),
    ("anywhere", "i", "import_folder", "Import", "Take pictures from a folder with one sub-folder a person", "footer palette first capture"),
    ("anywhere", "s", "split", "Split", "Divide the pictures into training, validation and test", "footer palette split"),
    ("anywhere", "t", "train", "Train", "Train a model on the split, epoch by epoch", "footer palette split training"),
    ("anywhere", "r", "recognise", "Recognise", "Name the people in front of a camera", "footer palette first recognition"),
    ("anywhere", "x", "stop", "Stop", "End the running job in good order and keep what it has", "footer palette capture training recognition"),
    ("anywhere", "escape", "cancel", "End", "End the running job and all that was to follow; pictures stay", "footer palette capture training recognition"),
    ("anywhere", "v", "evaluation", "Evaluate", "Show how good the model in use is; measures it first where needed", "palette training"),
    ("anywhere", "m", "models", "Models", "List the models, put one into use, or go back", "palette first training"),
    ("anywhere", "b", "unknown", "Unknown", "Show the strangers seen while recognising", "palette first recognition"),
    ("anywhere", "f", "still", "Pictures", "Show the selected person's pictures, the newest face or the last capture", "palette first capture recognition"),
    ("anywhere", "W", "why", "Why", "Say why the faces in view were decided as they were", "palette first recognition"),
    ("anywhere", "l", "roster", "Roster", "Work through a list of names as people come by", "palette first"),
    ("anywhere", "u", "undo", "Undo", "Undo the newest deletion, merge or move", "palette"),
    ("anywhere", "z", "zoom", "Zoom", "Give the pane in front the whole desk, and take it back", "palette"),
    ("anywhere", "0", "layout", "Layout", "Change the layout: running job large, all panes, people large", "palette"),
    ("anywhere", "J", "jump", "Jump", "Show a letter on every pane and field; the letter goes there", "palette first"),
    ("anywhere", "y", "app.copy", "Copy", "Copy what is in front as text (OSC 52), or write it to a file", "palette first activity"),
    ("anywhere", "p", "preview_level", "Preview", "Change the preview quality: auto, normal, low, off", "palette capture recognition"),
    ("anywhere", "1", "show_pane('people')", "People", "Go to the people list", "palette"),
    ("anywhere", "2", "show_pane('capture')", "Capture", "Go to the capture pane", "palette"),
    ("anywhere", "3", "show_pane('split')", "Split pane", "Go to the split and its shares", "palette"),
    ("anywhere", "4", "show_pane('training')", "Training", "Go to the training pane", "palette"),
    ("anywhere", "5", "show_pane('recognition')", "Recognition", "Go to the recognition pane", "palette"),
    ("anywhere", "6", "show_pane('activity')", "Activity log", "Go to the activity log", "palette"),
    ("anywhere", "f2", "doctor", "Doctor", "Look at cameras, files, processor, disk and terminal, and what mends them", "palette"),
    ("anywhere", "question_mark", "app.help", "Help", "Show every key, those in front first", "palette first"),
    ("anywhere", "f1", "app.help", "Help", "The same, in a field too", "first", "field"),
    ("anywhere", "colon", "app.command_palette", "Palette", "Find any action by typing a part of its name", "first"),
    ("anywhere", "ctrl+p", "app.command_palette", "Palette", "The same, in a field too", "first", "field"),
    ("anywhere", "tab", "app.focus_next", "Next", "Go to the next field or pane", "first"),
    ("anywhere", "shift+tab", "app.focus_previous", "Previous", "Go to the field or pane before", "first"),
    ("anywhere", "q", "app.quit", "Quit", "Leave Facedesk; asks only if a capture or training is running", "footer palette"),
    ("anywhere", "ctrl+c", "app.interrupt", "Copy or quit", "Copy the selected text; with nothing selected, leave Facedesk", "first"),
    ("anywhere", "ctrl+q", "app.quit", "Quit", "Leave Facedesk from anywhere, a dialog too", "first", "anywhere"),
    ("list", "j", "app.move('down')", "Down", "Go to the next line", "first"),
    ("list", "k", "app.move('up')", "Up", "Go to the line before", "first"),
    ("list", "g", "app.move('first')", "First", "Go to the first line", "first"),
    ("list", "G", "app.move('last')", "Last", "Go to the last line", "first"),
    ("list", "home", "app.move('home')", "First", "Go to the first line", "first"),
    ("list", "end", "app.move('end')", "Last", "Go to the last line", "first"),
    ("list", "slash", "app.filter", "Filter", "Show only lines with what you type; esc shows all", "palette first"),
    ("people", "e", "screen.rename", "Rename", "Rename the selected person", "footer palette first"),
    ("people", "d", "screen.delete", "Delete", "Delete the marked people, or the selected one", "footer palette first"),
    ("people", "enter", "screen.person", "Person", "Show the selected person: sessions, pictures", "palette first"),
    ("people", "space", "mark_person", "Mark", "Mark the person, or take the mark away", "palette"),
    ("people", "o", "sort_people", "Sort", "Sort another way: name, newest, pictures, model", "palette"),
    ("people", "M", "screen.merge", "Merge", "Merge the two marked, or the selected with one", "palette first"),
    ("people", "c", "screen.consent", "Consent", "Record the person's consent, or its withdrawal", "palette first"),
    ("activity", "enter", "screen.log", "Lines", "Show the lines one by one, with what each sums up", "footer"),
    ("person", "space", "mark_picture", "Mark", "Mark the picture or session, or unmark it", "footer"),
    ("person", "enter", "unfold", "Unfold", "Show or hide the session's pictures", "footer"),
    ("person", "f", "still_here", "Pictures", "Show the pictures as large as fits, to mark, delete or move them", "footer first"),
    ("person", "d", "delete_pictures", "Delete", "Delete the marked pictures, or the selected", "footer first"),
    ("person", "a", "move_pictures", "Assign", "Move the marked pictures to another person", "footer first"),
    ("person", "c", "consent_here", "Consent", "Record the consent, or its withdrawal", "footer first"),
    ("person", "e", "rename_here", "Rename", "Rename this person", "footer first"),
    ("person", "E", "export_here", "Export", "Write all that is held on this person to a file", "footer first"),
    ("person", "u", "undo", "Undo", "Undo the newest deletion, merge or move", "footer"),
    ("still", "left", "move(-1, 0)", "Before", "Choose the picture before", "", "left"),
    ("still", "right", "move(1, 0)", "Next", "Choose the next picture", "", "right"),
    ("still", "up", "move(0, -1)", "Above", "Choose the picture above, or the page before", "", "up"),
    ("still", "down", "move(0, 1)", "Below", "Choose the picture below, or the next page", "", "down"),
    ("still", "plus", "enlarge(True)", "Enlarge", "Show only the chosen picture, as large as fits", "footer", "larger"),
    ("still", "minus", "enlarge(False)", "Sheet", "Show all the pictures again", "footer", "smaller"),
    ("sheet", "space", "mark_still", "Mark", "Mark the picture, or take the mark away", "footer"),
    ("sheet", "d", "delete_pictures", "Delete", "Delete the marked pictures, or the chosen one", "footer first"),
    ("sheet", "a", "move_pictures", "Assign", "Move the marked pictures to another person", "footer first"),
    ("sheet", "u", "undo", "Undo", "Undo the newest deletion, merge or move", "footer"),
    ("models", "P", "promote", "Put into use", "Recognise with the selected model from now on", "footer"),
    ("models", "R", "rollback", "Go back", "Return to the model that was in use before", "footer"),
    ("models", "y", "app.copy", "Copy", "Copy the table of models (OSC 52), or write it to a file", ""),
    ("evaluation", "v", "measure", "Evaluate", "Measure once more what was measured last", "footer"),
    ("evaluation", "V", "other_pictures", "Others", "Measure on other probes, strangers or FPIR", "footer"),
    ("evaluation", "E", "write_report", "Export", "Measure again and write the HTML report", "footer"),
    ("evaluation", "x", "stop_evaluation", "Stop", "Give the running evaluation up", "footer"),
    ("evaluation", "1", "show_part('overview')", "Overview", "Go to the figures and their bounds", ""),
    ("evaluation", "2", "show_part('persons')", "People", "Go to the figures of each person and session", ""),
    ("evaluation", "3", "show_part('confusion')", "Confusion", "Go to the matrix of who was named whom", ""),
    ("evaluation", "4", "show_part('curve')", "Curve", "Go to the curve of TPIR over FPIR", ""),
    ("evaluation", "5", "show_part('doubtful')", "Doubtful", "Go to leakage, warnings and doubtful pictures", ""),
    ("evaluation", "y", "app.copy", "Copy", "Copy the figures as text (OSC 52), or write them to a file", ""),
    ("evaluation", "escape", "back", "Back", "Back to the desk; what is running goes on", "footer"),
    ("evaluation", "q", "back", "Back", "Back to the desk; what is running goes on", "", "q"),
    ("evaluation", "f", "still_here", "Pictures", "Show the pictures of the person under the cursor", "footer first"),
    ("why", "f", "still_here", "Pictures", "Show the face as large as fits", "footer first"),
    ("roster", "f", "still_here", "Pictures", "Show the selected person's pictures", "footer first"),
    ("unknown", "a", "unknown_assign", "Assign", "Say which enrolled person the selected group shows", "footer"),
    ("unknown", "n", "unknown_new", "New", "Enrol the selected group as a new person", "footer"),
    ("unknown", "enter", "group", "Open", "Show a picture of each sighting of the group", "footer"),
    ("unknown", "f", "still_here", "Pictures", "Show the selected face as large as fits", "footer first"),
    ("unknown", "N", "unknown_not", "Not them", "The group is not the person nearest: a stranger", "footer"),
    ("unknown", "S", "unknown_ignore", "Stranger", "The group joins the strangers; nobody is meant", "footer"),
    ("unknown", "d", "unknown_delete", "Delete", "Delete the selected group", "footer"),
    ("unknown", "D", "unknown_delete_all", "Delete all", "Delete all groups, after a question", "footer"),
    ("unknown", "u", "unknown_undo", "Undo", "Undo the last choice made here", "footer"),
    ("unknown", "K", "unknown_switch", "Keep", "Keep strangers from now on, or no longer", "footer"),
    ("group", "space", "mark", "Mark", "Mark the picture, or take the mark away", "footer"),
    ("group", "f", "still_here", "Pictures", "Show the marked or the selected face as large as fits", "footer first"),
    ("group", "O", "unknown_split", "Split off", "Make the marked pictures a group of their own", "footer"),
    ("group", "a", "unknown_assign", "Assign", "Say which enrolled person the marked pictures show", "footer"),
    ("group", "n", "unknown_new", "New", "Enrol the marked pictures as a new person", "footer"),
    ("group", "N", "unknown_not", "Not them", "The marked are not the person nearest: a stranger", "footer"),
    ("group", "S", "unknown_ignore", "Stranger", "The marked join the strangers; nobody is meant", "footer"),
    ("group", "d", "unknown_delete", "Delete", "Delete the marked pictures", "footer"),
    ("group", "u", "unknown_undo", "Undo", "Undo the last choice made in the list", "footer"),
    ("doctor", "enter", "measure_camera", "Measure", "Watch the selected camera for two seconds: rate, light, focus, frozen picture", "footer"),
    ("doctor", "escape", "back", "Back", "Back to the desk", "footer"),
    ("doctor", "q", "back", "Back", "Back to the desk", "", "q"),
    ("dialog", "escape", "dismiss_dialog", "Close", "Close the dialog; nothing is changed", "footer"),
    ("dialog", "q", "dismiss_dialog", "Back", "The same, outside a field", "", "q"),
    ("dialog", "enter", "confirm", "OK", "Do what the dialog offers", ""),
    ("question", "y", "answer(True)", "Yes", "Do it", "", "yes"),
    ("question", "n", "answer(False)", "No", "Leave everything as it is", "", "no"),
    ("deletion", "y", "answer('trash')", "To the trash", "Put them into the trash; u brings them back", ""),
    ("deletion", "e", "answer('erase')", "Erase at once", "Erase every trace for good, after a question", ""),
    ("deletion", "n", "answer('keep')", "Keep", "Leave everything as it is", ""),
    ("twin", "y", "twin('same')", "Same person", "It is the same person: the pictures go to them", ""),
    ("twin", "n", "twin('different')", "Different", "They are different people: go on as before", ""),
    ("twin", "s", "twin('stop')", "Stop", "Stop: the pictures of this capture go to the trash", ""),
    ("twin", "escape", "dismiss_dialog", "Wait", "Decides nothing: the capture waits for an answer", ""),
    ("face", "f", "face('first')", "Keep the first", "The first face is meant: pictures of the other go to the trash", ""),
    ("face", "o", "face('other')", "Keep the other", "The other face is meant: pictures of the first go to the trash", ""),
    ("face", "b", "face('both')", "Keep both", "Both are the same person: all pictures stay", ""),
    ("face", "d", "face('stop')", "Discard", "All pictures of this capture go to the trash", ""),
    ("face", "escape", "dismiss_dialog", "Wait", "Decides nothing: the capture waits for an answer", ""),
))
# fmt: on

OPENERS = frozenset(
    key.name
    for key in KEYS
    if key.first and key.context in ("anywhere", "people") and "+" not in key.key
) - {"focus_next"}
"""Actions whose keys act first and are typed as letters elsewhere."""


def keys_of(context: str) -> tuple[Key, ...]:
    """The keys that work in a context."""
    return tuple(key for key in KEYS if key.context == context)


def bindings_of(context: str, *left_out: str) -> list[Binding]:
    """Textual bindings of a context, without the named actions (Textual has its own)."""
    return [key.binding() for key in keys_of(context) if key.action not in left_out]
