"""The forms of the evaluation screen: other pictures, and where the report goes."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.widgets import Input, Label

from engine.service.protocol import EvaluateRequest
from tui.screens.dialog import Form, Send
from tui.widgets.fields import Field, Wrong


class OtherPicturesForm(Form[EvaluateRequest]):
    """Folders of probes and strangers, and the share of strangers that may be named."""

    TITLE_TEXT = "Evaluate with other pictures"
    GO = "Measure"

    def __init__(self, send: Send[EvaluateRequest], *, last: EvaluateRequest, fpir: float) -> None:
        super().__init__(send)
        self._last, self._fpir = last, fpir

    def form_fields(self) -> ComposeResult:
        """What the last evaluation used."""
        last = self._last
        yield Field(
            "Probes",
            Input(
                last.probes or "",
                id="form-probes",
                placeholder="empty: the split's held-out pictures",
                compact=True,
            ),
        )
        yield Field(
            "Strangers",
            Input(
                last.strangers or "",
                id="form-strangers",
                placeholder="empty: the workspace's own",
                compact=True,
            ),
        )
        yield Field("FPIR", Input(f"{last.fpir or self._fpir:g}", id="form-fpir", compact=True))
        yield Label(
            "Probes: a folder with one sub-folder a person, named as enrolled. "
            "Strangers: a folder of pictures, one sub-folder a person. "
            "FPIR: the share of strangers that may be named.",
            classes="hint",
            markup=False,
        )

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

    TITLE_TEXT = "Write the report"
    GO = "Write"

    def __init__(self, send: Send[EvaluateRequest], *, last: EvaluateRequest, folder: str) -> None:
        super().__init__(send)
        self._last, self._folder = last, folder

    def form_fields(self) -> ComposeResult:
        """The folder alone."""
        yield Field("Folder", Input(self._folder, id="form-folder", compact=True))
        yield Label(
            "Measures once more and writes one HTML file that reads offline. It shows faces "
            "of the people enrolled: keep it where the workspace is kept.",
            classes="hint",
            markup=False,
        )

    def request(self) -> EvaluateRequest:
        """What was measured last, with the folder."""
        folder = self.value("#form-folder")
        if not folder:
            raise Wrong("Say which folder.", "#form-folder")
        return replace(self._last, report=folder)
