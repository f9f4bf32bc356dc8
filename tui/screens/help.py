"""Help: every key, those of what is in front first, and what that is for.

The welcome: three short steps at the first start on a workspace, never shown again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from tui.keys import ANSWERS, CONTEXTS, KEYS, Key, bindings_of, keys_of, written
from tui.keys.keymap import pressed, shown, with_keys
from tui.screens.dialog import Dialog
from tui.widgets.lists import FilterLine, search_key
from tui.words.text import clean

ABOUT: dict[str, str] = {
    "people": (
        "People: who is enrolled, with how many pictures. Model says whether the model in "
        "use knows the person: yes, no, or stale (pictures changed since training). What is "
        "deleted, merged or moved lies in the trash for a while: u undoes it."
    ),
    "person": (
        "A person: sessions that unfold into pictures, with brightness (0 to 255), sharpness "
        "and whether both eyes were found. Named rightly and taken for are counts of the last "
        "evaluation of the model in use."
    ),
    "capture": (
        "Capture: the running capture or import. Every frame that is not kept is counted "
        "with its reason, the last measured value and the limit."
    ),
    "split": (
        "Split: edit the three shares and the seed, then press Enter or s. People with "
        "several sessions are split by session, others by blocks in time."
    ),
    "training": (
        "Training: choose recipe and epochs, then press Enter or t. ★ and ▲ mark the best "
        "epoch; the dotted curve is training, the line is validation."
    ),
    "recognition": (
        "Recognition: KNOWN, UNSURE or UNKNOWN for every face in view, with its score "
        "against the threshold and the votes of the last frames."
    ),
    "evaluation": (
        "Evaluation: how good the model in use is on pictures it did not learn from. "
        "Rank-1: the best match is right. TPIR: share of enrolled people named rightly at the "
        "threshold. FPIR: share of strangers named. Intervals hold in 95 of 100 such evaluations."
    ),
    "unknown": (
        "Unknown people: strangers seen while recognising, grouped by likeness. Assigned ones "
        "join a person's pictures; those that are not the person nearest, and ignored ones, "
        "join your own strangers, who check the threshold. Every choice can be undone with u."
    ),
    "group": (
        "An unknown: the newest picture of each sighting. Where one shows somebody else, "
        "mark it: it is split off, or told who it is, alone. Without a mark the selected one is "
        "meant. Those split off are not grouped with the others again."
    ),
    "doctor": (
        "Doctor: what is there and what is wrong, each with the command that mends it. ✓ is "
        "well, i is to know, ! will hurt, ✗ is broken. A camera's line can be measured."
    ),
    "roster": "Roster: names from a CSV file or a folder. Enter enrols the selected one.",
    "activity": "Activity: everything that happened, with the cure where something failed.",
}


class HelpScreen(Dialog[None]):
    """All keys by context. Scrolls; what is typed after the filter key leaves other lines out."""

    AUTO_FOCUS = "#help-body"  # the keys of lists scroll
    TITLE_TEXT = "Keys"
    HELP = "help"

    def __init__(self, topic: str) -> None:
        super().__init__()
        self._topic = topic

    def body(self) -> ComposeResult:
        """The filter, and one text in a scrolling box."""
        yield FilterLine(self._filter, self._read, id="help-filter", hint="part of a line")
        with VerticalScroll(id="help-body"):
            yield Static(help_text(self._topic), id="help-text", markup=False)

    async def start_filter(self) -> None:
        """Let the operator type what to look for."""
        self.query_one(FilterLine).open()

    def _filter(self, text: str) -> None:
        self.query_one("#help-text", Static).update(help_text(self._topic, text))

    def _read(self) -> None:
        self.query_one("#help-body").focus()


def help_text(topic: str, wanted: str = "") -> Text:
    """The help with the topic's own keys first; with `wanted` only lines that have it."""
    text = Text("" if wanted else ABOUT.get(topic, ""), "italic")
    first = [topic] if topic in CONTEXTS else []
    part = search_key(wanted)
    for context in dict.fromkeys([*first, *CONTEXTS]):
        rows = [_row(key) for key in keys_of(context)]
        found = [row for row in rows if part in search_key(row.plain)]
        if found:
            text.append(f"\n\n{CONTEXTS[context]}", "bold not italic")
            text.append_text(Text().join(found))
    return text if text else Text("No key has this text: esc shows all.")


def dead_key(key: str) -> str:
    """What is said of a key that does nothing here."""
    row = next((row for row in KEYS if pressed(row) == key and row.context not in ANSWERS), None)
    if row is None:
        return with_keys("{pressed} does nothing. {key.help} shows the keys.", pressed=written(key))
    place = CONTEXTS[row.context].lower()
    where = "on the desk: close this first" if row.context == "anywhere" else place
    return f"{shown(row)} ({row.label}) works {where}."


def _row(key: Key) -> Text:
    return Text.assemble(
        "\n  ", (f"{shown(key):<10}", "bold"), f"{key.label:<14}", (key.tooltip, "dim")
    )


def welcome_steps(cameras: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Heading and text of the three steps. `cameras` are the device files found."""
    found = "Found: {cameras}.".format(cameras=", ".join(cameras))
    if not cameras:
        found = "None found on this machine: a clip, a stream or demo:collins serves as well."
    try_first = (
        "To see the whole job first, without a camera: leave, and run `facedesk demo`. "
        "`facedesk doctor` says what is wrong with a camera."
    )
    enrol = (
        "{key.new_person} enrols a person: type the name, press Enter, look at the camera. "
        "{key.import_folder} takes photographs from folders.\n\n"
        "Faces are biometric data: enrol people who agreed to it. They stay on this machine."
    )
    watch = (
        "{key.train} trains a model, {key.recognise} names who stands in front of the camera; "
        "strangers are called unknown.\n\n"
        "{key.help} shows every key, {key.jump} jumps to a pane, {key.quit} leaves."
    )
    return (
        ("1 of 3  The camera", f"{clean(found)}\n\n{try_first}"),
        ("2 of 3  Enrol", with_keys(enrol)),
        ("3 of 3  Train and watch", with_keys(watch)),
    )


class WelcomeScreen(Dialog[bool]):
    """Enter goes on, Esc ends it. True if the operator wants to enrol at once."""

    TITLE_TEXT = "Welcome to Facedesk"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("welcome")]

    def __init__(self, cameras: Sequence[str]) -> None:
        super().__init__()
        self._steps = welcome_steps(cameras)
        self.step = 0

    def body(self) -> ComposeResult:
        """One step at a time."""
        yield Static(id="welcome-step", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Close (Esc)", id="welcome-close", compact=True)
            yield Button("Next (Enter)", variant="primary", id="welcome-next", compact=True)

    def on_mount(self) -> None:
        """Begin with the first step."""
        self._show()
        button = self.query_one("#welcome-next", Button)
        button.active_effect_duration = 0  # during the effect a button takes no second Enter
        button.focus()

    def _show(self) -> None:
        heading, text = self._steps[self.step]
        about = Text.assemble((heading, "bold"), "\n\n", text)
        self.query_one("#welcome-step", Static).update(about)
        if self.step == len(self._steps) - 1:
            self.query_one("#welcome-next", Button).label = "Begin (Enter)"

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Enter on a button."""
        event.stop()
        if event.button.id == "welcome-close" or self.step == len(self._steps) - 1:
            self.dismiss(False)
        else:
            self.step += 1
            self._show()

    def action_enrol_first(self) -> None:
        """The key for a new person works here too."""
        self.dismiss(True)
