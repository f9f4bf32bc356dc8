"""F1: every key, those of the pane in front first, and what that pane is for."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.keys import CONTEXTS, Key, keys_of
from tui.keys.keymap import shown
from tui.screens.dialog import Dialog

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
    "inbox": (
        "Unknown inbox: strangers seen while recognising, grouped by likeness. Assigned ones "
        "join a person's pictures; those that are not the person nearest, and ignored ones, "
        "join your own strangers, who check the threshold. Every choice can be undone with u."
    ),
    "group": (
        "A group of the inbox: the newest picture of each sighting. Where one shows somebody else, "
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
    """All keys by context. Scrolls."""

    AUTO_FOCUS = "#help-body"  # arrow keys scroll
    TITLE_TEXT = "Keys"

    def __init__(self, pane: str) -> None:
        super().__init__()
        self._pane = pane

    def body(self) -> ComposeResult:
        """One text in a scrolling box."""
        with VerticalScroll(id="help-body"):
            yield Static(help_text(self._pane), id="help-text", markup=False)


def help_text(pane: str) -> Text:
    """The whole help, the pane's own part first."""
    text = Text(ABOUT.get(pane, ""), "italic")
    first = [pane] if pane in CONTEXTS else []
    for context in dict.fromkeys([*first, *CONTEXTS]):
        text.append(f"\n\n{CONTEXTS[context]}", "bold not italic")
        for key in keys_of(context):
            text.append_text(_row(key))
    return text


def _row(key: Key) -> Text:
    return Text.assemble(
        "\n  ", (f"{shown(key):<10}", "bold"), f"{key.label:<14}", (key.tooltip, "dim")
    )
