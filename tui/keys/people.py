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
