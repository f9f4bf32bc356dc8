"""The keys of the people list and of a person's screen; those for renaming and deleting people
are in `tui.keys.desk`."""

from __future__ import annotations

from tui.keys.key import Key

PEOPLE: tuple[Key, ...] = (
    Key(
        key="u",
        action="undo",
        label="Undo",
        footer=False,
        tooltip="Undo the newest deletion, merge or move, as long as the trash keeps it",
    ),
    Key(
        key="enter",
        action="person",
        label="Person",
        display="enter",
        context="people",
        footer=False,
        tooltip="Show sessions, pictures, consent and confusions of the selected person",
    ),
    Key(
        key="slash",
        action="search_people",
        label="Search",
        display="/",
        context="people",
        footer=False,
        tooltip="Show only people whose name holds what you type; esc shows all again",
    ),
    Key(
        key="o",
        action="sort_people",
        label="Sort",
        context="people",
        footer=False,
        tooltip="Sort by name, newest session, pictures, or those not in the model first",
    ),
    Key(
        key="space",
        action="mark_person",
        label="Mark",
        context="people",
        footer=False,
        tooltip="Mark the selected person, or take the mark away",
    ),
    Key(
        key="g",
        action="merge",
        priority=True,  # see OPENERS
        label="Merge",
        context="people",
        footer=False,
        tooltip="Make two people one: the two marked, or the selected one and another",
    ),
    Key(
        key="c",
        action="consent",
        priority=True,  # see OPENERS
        label="Consent",
        context="people",
        footer=False,
        tooltip="Note that the selected person agreed, or took it back",
    ),
    Key(
        key="space",
        action="mark_picture",
        label="Mark",
        context="person",
        palette=False,
        tooltip="Mark the selected picture or session, or take the mark away",
    ),
    Key(
        key="enter",
        action="unfold",
        label="Pictures",
        display="enter",
        context="person",
        palette=False,
        tooltip="Show or hide the pictures of the selected session",
    ),
    Key(
        key="d",
        action="app.delete_pictures",
        priority=True,  # see OPENERS
        label="Delete",
        context="person",
        palette=False,
        tooltip="Delete the marked pictures, or the selected ones",
    ),
    Key(
        key="g",
        action="app.move_pictures",
        priority=True,  # see OPENERS
        label="Move",
        context="person",
        palette=False,
        tooltip="Give the marked pictures, or the selected ones, to another person",
    ),
    Key(
        key="c",
        action="app.consent_here",
        priority=True,  # see OPENERS
        label="Consent",
        context="person",
        palette=False,
        tooltip="Note that this person agreed, or took it back",
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
