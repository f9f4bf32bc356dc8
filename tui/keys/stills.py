"""The keys of pictures to look at."""

from __future__ import annotations

from tui.keys.key import Key

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
