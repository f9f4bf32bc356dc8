"""The keys of dialogs and questions.

The keys of the camera doctor.

The keys of the evaluation.

The keys of the models screen.

The key of the live preview.

The keys of pictures to look at.

The keys of the questions about twins and second faces.

The keys of explanations and of the unknown inbox.

The keys of the roster.
"""

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


DOCTOR: tuple[Key, ...] = (
    Key(
        key="f2",
        action="doctor",
        label="Doctor",
        display="F2",
        footer=False,
        tooltip="Look at cameras, files, processor, disk and terminal, and what mends them",
    ),
    Key(
        key="r",
        action="app.measure_camera",
        label="Measure",
        context="doctor",
        palette=False,
        tooltip="Watch the selected camera for two seconds: rate, light, focus, frozen picture",
    ),
    Key(
        key="enter",
        action="app.measure_camera",
        label="Measure",
        display="enter",
        context="doctor",
        footer=False,
        palette=False,
        variant="enter",
        tooltip="The same as r",
    ),
    Key(
        key="f1",
        action="app.help",
        label="Help",
        display="F1",
        context="doctor",
        palette=False,
        tooltip="Show every key, those of this screen first",
    ),
    Key(
        key="escape",
        action="back",
        label="Back",
        display="esc",
        context="doctor",
        palette=False,
        tooltip="Back to the desk",
    ),
)


EVALUATION: tuple[Key, ...] = (
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
                ("overview", "Overview", "Go to the figures and their bounds"),
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
)


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


PREVIEW: tuple[Key, ...] = (
    Key(
        key="p",
        action="preview_level",
        label="Preview",
        footer=False,
        tooltip="Change how much of the line the camera's picture may use: auto, normal, low, off",
    ),
)


STILLS: tuple[Key, ...] = (
    Key(
        key="k",
        action="still",
        priority=True,  # see OPENERS
        label="Look",
        footer=False,
        tooltip="Show the last capture, the selected person's pictures or the newest face in full",
    ),
    *(
        Key(
            key=key,
            action=f"move({across}, {down})",
            label=label,
            display=shown,
            context="still",
            footer=False,
            palette=False,
            variant=key,
            tooltip=tooltip,
        )
        for key, shown, across, down, label, tooltip in (
            ("left", "←", -1, 0, "Before", "Choose the picture before"),
            ("right", "→", 1, 0, "Next", "Choose the next picture"),
            ("up", "↑", 0, -1, "Above", "Choose the picture above, or the page before"),
            ("down", "↓", 0, 1, "Below", "Choose the picture below, or the next page"),
        )
    ),
    Key(
        key="plus",
        action="enlarge(True)",
        label="Enlarge",
        display="+",
        context="still",
        palette=False,
        variant="larger",
        tooltip="Show only the chosen picture, as large as fits",
    ),
    Key(
        key="minus",
        action="enlarge(False)",
        label="Sheet",
        display="-",
        context="still",
        palette=False,
        variant="smaller",
        tooltip="Show all the pictures again",
    ),
)


TWINS: tuple[Key, ...] = (
    Key(
        key="y",
        action="twin('same')",
        label="Same person",
        context="twin",
        footer=False,
        palette=False,
        tooltip="It is the same person: the pictures go to them",
    ),
    Key(
        key="n",
        action="twin('different')",
        label="Different",
        context="twin",
        footer=False,
        palette=False,
        tooltip="They are different people: go on as before",
    ),
    Key(
        key="s",
        action="twin('stop')",
        label="Stop",
        context="twin",
        footer=False,
        palette=False,
        tooltip="Stop: the pictures of this capture go to the trash",
    ),
)

FACES: tuple[Key, ...] = (
    Key(
        key="f",
        action="face('first')",
        label="Keep the first",
        context="face",
        footer=False,
        palette=False,
        tooltip="The first face is meant: pictures of the other go to the trash",
    ),
    Key(
        key="o",
        action="face('other')",
        label="Keep the other",
        context="face",
        footer=False,
        palette=False,
        tooltip="The other face is meant: pictures of the first go to the trash",
    ),
    Key(
        key="b",
        action="face('both')",
        label="Keep both",
        context="face",
        footer=False,
        palette=False,
        tooltip="Both are the same person: all pictures stay",
    ),
    Key(
        key="d",
        action="face('stop')",
        label="Discard",
        context="face",
        footer=False,
        palette=False,
        tooltip="All pictures of this capture go to the trash",
    ),
)


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


ROSTER: tuple[Key, ...] = (
    Key(
        key="l",
        action="roster",
        priority=True,  # see OPENERS
        label="Roster",
        footer=False,
        tooltip="Work through a list of names as people come by",
    ),
)
