"""The forms of the evaluation screen: other pictures, and where the report goes.

What to doubt in an evaluation: leakage, warnings, confused pairs, suspect pictures.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from engine.contract import EvaluateDone, grouped
from engine.contract.requests import EvaluateRequest
from tui.screens.dialog import Form, Send
from tui.screens.evaluation_parts import Part
from tui.screens.sources import FolderField
from tui.widgets.fields import Field, Wrong, hint
from tui.words.text import clean


class OtherPicturesForm(Form[EvaluateRequest]):
    """Folders of probes and strangers, and the share of strangers that may be named; what the last
    evaluation used is offered."""

    TITLE = "Evaluate with other pictures"
    GO = "Measure"

    def __init__(self, send: Send[EvaluateRequest], *, last: EvaluateRequest, fpir: float) -> None:
        held_out = "empty: the split's held-out pictures"
        own = "empty: the workspace's own"
        super().__init__(
            send,
            FolderField("Probes", last.probes or "", id="form-probes", hint=held_out),
            FolderField("Strangers", last.strangers or "", id="form-strangers", hint=own),
            Field("FPIR", Input(f"{last.fpir or fpir:g}", id="form-fpir", compact=True)),
            hint(
                "Probes: a folder with one sub-folder a person, named as enrolled. "
                "Strangers: a folder of pictures, one sub-folder a person. "
                "FPIR: the share of strangers that may be named."
            ),
        )
        self._fpir = fpir

    def request(self) -> EvaluateRequest:
        """The engine looks at the folders."""
        try:
            fpir = float(self.value("#form-fpir") or self._fpir)
        except ValueError:
            fpir = 0.0
        if not 0 < fpir < 1:
            raise Wrong("FPIR is a share between 0 and 1, like 0.01.", "#form-fpir")
        return EvaluateRequest(
            probes=self.value("#form-probes") or None,
            strangers=self.value("#form-strangers") or None,
            fpir=None if fpir == self._fpir else fpir,
        )


class ReportForm(Form[EvaluateRequest]):
    """The folder of the HTML report. The figures are measured once more for it."""

    TITLE = "Write the report"
    GO = "Write"

    def __init__(self, send: Send[EvaluateRequest], *, last: EvaluateRequest, folder: str) -> None:
        super().__init__(
            send,
            FolderField("Folder", folder, id="form-folder"),
            hint(
                "Measures once more and writes one HTML file that reads offline. It shows faces "
                "of the people enrolled: keep it where the workspace is kept."
            ),
        )
        self._last = last

    def request(self) -> EvaluateRequest:
        """What was measured last, with the folder."""
        return replace(self._last, report=self.needed("#form-folder", "Say which folder."))


KINDS: dict[str, str] = {
    "mislabelled": "perhaps another person",
    "blurred": "blurred",
    "twin": "near copy of another person's",
    "crowd": "one of several faces",
    "two_faces": "two faces under one name",
}
"""Why a picture of the gallery is suspect."""


class DoubtfulPart(Part):
    """A text that scrolls. Crops are named by their path in the workspace."""

    NAME = "doubtful"
    NUMBER = 5
    TITLE = "Doubtful"
    MAIN = "#doubtful-body"

    def __init__(self, workspace: Path) -> None:
        super().__init__()
        self._workspace = workspace

    def compose(self) -> ComposeResult:
        """One text in a scrolling box."""
        with VerticalScroll(id="doubtful-body"):
            yield Static(id="doubtful-text", markup=False)

    def show(self, result: EvaluateDone) -> None:
        """Write everything down, the general before the particular."""
        parts = [
            leakage(result),
            _section(
                "Warnings", [Text(f"! {clean(w)}", "yellow") for w in grouped(result.warnings)]
            ),
            _section("Most confused pairs", [self._pair(pair) for pair in result.confused]),
            _section("Suspect pictures", [self._suspect(one) for one in result.suspects]),
        ]
        found = [part for part in parts if part]
        text = Text("\n\n").join(found) if found else Text("Nothing looks doubtful.")
        self.query_one("#doubtful-text", Static).update(text)

    def _pair(self, pair: tuple[str, str, float, float, str, str]) -> Text:
        person, other, score, own, probe, crop = pair
        return Text.assemble(
            (clean(person), "bold"),
            " resembles ",
            (clean(other), "bold"),
            f": {score:.2f} against {own:.2f} for the right one",
            (f"\n  {self._short(probe)}\n  {self._short(crop)}", "dim"),
        )

    def _suspect(self, suspect: tuple[str, str, str, str]) -> Text:
        person, crop, kind, sentence = suspect
        about = f", {KINDS.get(kind, clean(kind))}: {clean(sentence)}"
        return Text.assemble((clean(person), "bold"), about, (f"\n  {self._short(crop)}", "dim"))

    def _short(self, crop: str) -> str:
        """A crop's path, inside the workspace without the latter."""
        path = Path(crop)
        inside = path.is_relative_to(self._workspace)
        return clean(str(path.relative_to(self._workspace) if inside else path))


def leakage(result: EvaluateDone) -> Text | None:
    """The leakage meter: the split in use against a random split of the same pictures."""
    figures = result.leakage
    lines = []
    for name, word in (("rank1", "Rank-1"), ("tpir", "TPIR")):
        if name not in figures or f"random_{name}" not in figures:
            continue
        used, random = figures[name], figures[f"random_{name}"]
        lines.append(
            Text.assemble(
                f"{word:<7} split in use ",
                (f"{used:.2f}", "bold"),
                " · random split ",
                (f"{random:.2f}", "bold"),
                f" · difference {random - used:+.2f}",
            )
        )
    if not lines:
        return None
    lines.append(
        Text("What a random split gains is leakage: near copies of its probes were learnt.", "dim")
    )
    return _section("Leakage", lines)


def _section(title: str, lines: list[Text]) -> Text | None:
    return Text("\n").join([Text(title, "bold underline"), *lines]) if lines else None
