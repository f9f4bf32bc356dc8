"""The keys of explanations and of the unknown inbox."""

from __future__ import annotations

from tui.keys.key import Key

UNKNOWN: tuple[Key, ...] = (
    Key(
        key="w",
        action="why",
        priority=True,  # see OPENERS
        label="Why",
        footer=False,
        tooltip="Say why the faces in view were decided as they were",
    ),
    Key(
        key="b",
        action="inbox",
        priority=True,  # see OPENERS
        label="Unknown",
        footer=False,
        tooltip="Open the inbox of strangers seen while recognising",
    ),
    *(
        Key(
            key=key,
            action="app.help" if action == "help" else f"app.inbox_{action}",
            label=label,
            display=display,
            context="inbox",
            palette=False,
            tooltip=tooltip,
        )
        for key, display, action, label, tooltip in (
            ("a", None, "assign", "This is", "Say which enrolled person the selected group shows"),
            ("n", None, "new", "New", "Enrol the selected group as a new person"),
            ("o", None, "not", "Not", "The group is not the person nearest: a stranger"),
            ("i", None, "ignore", "Ignore", "The group joins the strangers; nobody is meant"),
            ("d", None, "delete", "Delete", "Delete the selected group"),
            ("D", None, "delete_all", "All", "Delete all groups, after a question"),
            ("u", None, "undo", "Undo", "Undo the last choice made here"),
            ("t", None, "switch", "Keep", "Keep strangers from now on, or no longer"),
            ("f1", "F1", "help", "Help", "Show every key, those of this screen first"),
        )
    ),
    Key(
        key="enter",
        action="group",
        label="Pictures",
        display="enter",
        context="inbox",
        palette=False,
        tooltip="Show a picture of each sighting of the group",
    ),
    Key(
        key="space",
        action="mark",
        label="Mark",
        context="group",
        palette=False,
        tooltip="Mark the picture, or take the mark away",
    ),
    *(
        Key(
            key=key,
            action="app.help" if action == "help" else f"app.inbox_{action}",
            label=label,
            display=display,
            context="group",
            palette=False,
            tooltip=tooltip,
        )
        for key, display, action, label, tooltip in (
            ("s", None, "split", "Split", "Make the marked pictures a group of their own"),
            ("a", None, "assign", "This is", "Say which enrolled person the marked pictures show"),
            ("n", None, "new", "New", "Enrol the marked pictures as a new person"),
            ("o", None, "not", "Not", "The marked are not the person nearest: a stranger"),
            ("i", None, "ignore", "Ignore", "The marked join the strangers; nobody is meant"),
            ("d", None, "delete", "Delete", "Delete the marked pictures"),
            ("u", None, "undo", "Undo", "Undo the last choice made in the inbox"),
            ("f1", "F1", "help", "Help", "Show every key, those of this screen first"),
        )
    ),
)
