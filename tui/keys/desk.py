"""The keys of the desk.

The keys of the people list and of a person's screen; those for renaming and deleting people
are in `tui.keys.desk`.

The keys of the question what a deletion means: the trash, or every trace at once.
"""

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


PEOPLE: tuple[Key, ...] = (
    Key(
        key="u",
        action="undo",
        label="Undo",
        footer=False,
        tooltip="Undo the newest deletion, merge or move",
    ),
    Key(
        key="enter",
        action="person",
        priority=True,  # see OPENERS
        label="Person",
        display="enter",
        context="people",
        footer=False,
        tooltip="Show the selected person: sessions, pictures",
    ),
    Key(
        key="slash",
        action="search_people",
        priority=True,  # at once, so that what is typed after it goes into the search line
        label="Search",
        display="/",
        context="people",
        footer=False,
        tooltip="Search by name as you type; esc shows all",
    ),
    Key(
        key="o",
        action="sort_people",
        label="Sort",
        context="people",
        footer=False,
        tooltip="Sort another way: name, newest, pictures, model",
    ),
    Key(
        key="space",
        action="mark_person",
        label="Mark",
        context="people",
        footer=False,
        tooltip="Mark the person, or take the mark away",
    ),
    Key(
        key="g",
        action="merge",
        priority=True,  # see OPENERS
        label="Merge",
        context="people",
        footer=False,
        tooltip="Merge the two marked, or the selected with one",
    ),
    Key(
        key="c",
        action="consent",
        priority=True,  # see OPENERS
        label="Consent",
        context="people",
        footer=False,
        tooltip="Note the person's consent, or its withdrawal",
    ),
    Key(
        key="space",
        action="mark_picture",
        label="Mark",
        context="person",
        palette=False,
        tooltip="Mark the picture or session, or unmark it",
    ),
    Key(
        key="enter",
        action="unfold",
        label="Pictures",
        display="enter",
        context="person",
        palette=False,
        tooltip="Show or hide the session's pictures",
    ),
    Key(
        key="d",
        action="app.delete_pictures",
        priority=True,  # see OPENERS
        label="Delete",
        context="person",
        palette=False,
        tooltip="Delete the marked pictures, or the selected",
    ),
    Key(
        key="g",
        action="app.move_pictures",
        priority=True,  # see OPENERS
        label="Move",
        context="person",
        palette=False,
        tooltip="Move the marked pictures to another person",
    ),
    Key(
        key="c",
        action="app.consent_here",
        priority=True,  # see OPENERS
        label="Consent",
        context="person",
        palette=False,
        tooltip="Note the consent, or its withdrawal",
    ),
    Key(
        key="e",
        action="app.rename_here",
        priority=True,  # see OPENERS
        label="Rename",
        context="person",
        palette=False,
        tooltip="Rename this person",
    ),
    Key(
        key="w",
        action="app.export_here",
        priority=True,  # see OPENERS
        label="Export",
        context="person",
        palette=False,
        tooltip="Write all that is held on this person to a file",
    ),
    Key(
        key="u",
        action="app.undo",
        label="Undo",
        context="person",
        palette=False,
        tooltip="Undo the newest deletion, merge or move",
    ),
    Key(
        key="f1",
        action="app.help",
        label="Help",
        display="F1",
        context="person",
        palette=False,
        tooltip="Show every key, those of this screen first",
    ),
)


DELETION: tuple[Key, ...] = (
    Key(
        key="y",
        action="answer('trash')",
        label="To the trash",
        context="deletion",
        footer=False,
        palette=False,
        tooltip="Put them into the trash; u brings them back",
    ),
    Key(
        key="e",
        action="answer('erase')",
        label="Erase at once",
        context="deletion",
        footer=False,
        palette=False,
        tooltip="Erase every trace for good, after a question",
    ),
    Key(
        key="n",
        action="answer('keep')",
        label="Keep",
        context="deletion",
        footer=False,
        palette=False,
        tooltip="Leave everything as it is",
    ),
)
