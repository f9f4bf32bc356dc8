"""The keys of the camera doctor."""

from __future__ import annotations

from tui.keys.key import Key

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
