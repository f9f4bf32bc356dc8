"""The doctor: every finding by group with sign, value and remedy, and the measured picture."""

from __future__ import annotations

import os
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.contract import CameraMeasured, Finding, JobEnded, JobStarted
from engine.contract.requests import CheckRequest
from tui.keys import bindings_of
from tui.keys.keymap import with_keys
from tui.link import EngineApp
from tui.terminal.graphics import terminal_findings
from tui.widgets.bars import KeyLine
from tui.widgets.crop import Crop
from tui.widgets.lists import Row, Rows
from tui.words.figures import FINDING_GROUPS, STATES, by_group, findings_verdict
from tui.words.text import clean, shorten


class Doctor:
    """The findings, kept while the screen is closed, and the key that opens it."""

    def __init__(self, app: EngineApp) -> None:
        self.app = app
        self.looked: tuple[Finding, ...] = ()
        """Everything but measurements; empty until the first look is over."""
        self.measuring = ""
        """Title of the running measurement."""
        self.still: CameraMeasured | None = None
        """The last measurement, with its last picture."""
        self._measured: dict[str, Finding] = {}
        app.listen(
            {
                JobStarted: self._started,
                JobEnded: self._ended,
                Finding: self._found,
                CameraMeasured: self._pictured,
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings; measurements stand after the other lines of cameras."""
        return (*self.looked, *self._measured.values())

    def _started(self, event: JobStarted) -> None:
        if event.job == "check":
            self.measuring, self.still = event.title, None
            self._measured.clear()
            self._show()

    def _ended(self, event: JobEnded) -> None:
        if event.job == "check":
            self.measuring = ""
            self._show()

    def _found(self, event: Finding) -> None:
        self._measured[event.subject] = event
        self._show()

    def _pictured(self, event: CameraMeasured) -> None:
        self.still = event
        self._show()

    def _show(self) -> None:
        screen = self.app.open_screen(DoctorScreen)
        if screen is not None and screen.is_mounted:
            screen.show()

    def action_doctor(self) -> None:
        """Open the screen and look at everything afresh."""
        if self.app.open_screen(DoctorScreen) is None:
            self.app.push_screen(DoctorScreen(self))
            self.app.run_worker(self._look(), exit_on_error=False)

    async def _look(self) -> None:
        found = await self.app.ask(self.app.desk.doctor)
        if found is None:
            return
        terminal = terminal_findings(os.environ, self.app.size.width, self.app.size.height)
        self.looked = (*found, *self._last_source(found), *terminal)
        self._show()

    def _last_source(self, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """A line for the source used last, where it is none of the cameras."""
        source = self.app.last_used.source
        if source.isdigit() or source in {finding.device for finding in found}:
            return ()
        value = with_keys("the source used last; {key[doctor.measure_camera]} measures it")
        return (Finding(group="camera", subject=source, state="ok", value=value, device=source),)


STATE_WIDTH = 11
SUBJECT_WIDTH, NARROW_SUBJECT = 30, 22
LOOKING = "Looking at cameras, files, processor, disk and terminal ..."
HINT = (
    "{key[doctor.measure_camera]} on a camera's line measures it; "
    "`facedesk doctor` prints all of this."
)


class DoctorScreen(ModalScreen[None]):
    """Shows what the doctor found. Covers the desk and takes its keys."""

    HELP = "doctor"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("doctor")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012

    def __init__(self, doctor: Doctor) -> None:
        super().__init__()
        self.doctor, self.link = doctor, doctor.app

    def compose(self) -> ComposeResult:
        """Title, table beside the picture, the selected finding in full, footer."""
        yield Static(id="doctor-title", markup=False)
        with Horizontal(id="doctor-body"):
            yield Rows(
                id="doctor-table",
                header=False,
                moved=self._describe,
                entered=self.action_measure_camera,
            )
            yield Crop(id="doctor-still")
        yield Static(id="doctor-detail", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill the table with what is known."""
        self.query_one(Rows).focus()
        self.show()

    @property
    def selected(self) -> Finding | None:
        """The finding under the cursor; None on a heading."""
        finding: Finding | None = self.query_one(Rows).selected
        return finding

    def on_resize(self) -> None:
        """The values take what width there is."""
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Show how it stands now; the cursor stays on its finding."""
        table, findings = self.query_one(Rows), self.doctor.findings
        subject = SUBJECT_WIDTH if self.has_class("-wide") else NARROW_SUBJECT
        width = max(20, table.size.width - STATE_WIDTH - subject - 2)
        rows: list[Row] = []
        for group, members in by_group(findings).items():
            lines = [
                Row(_cells(finding, subject, width), finding.detail, finding, finding.subject)
                for finding in members
            ]
            heading = (Text(FINDING_GROUPS[group], "bold"), Text(), Text())
            rows += [Row(heading, " ".join(each.text for each in lines)), *lines]
        kept = self.selected is not None and self.selected.subject in {row.key for row in rows}
        columns = [("", cells) for cells in (STATE_WIDTH, subject, width)]
        table.fill(columns, rows, None if kept else 1)
        still, measured = self.query_one(Crop), self.doctor.still
        if measured is not None:
            still.show((measured.pixels, measured.across, measured.down))
        if still.display != (measured is not None):
            still.display = not still.display
            self.call_after_refresh(self.show)  # the table has another width then
        self._describe()
        self.refresh_bindings()

    def _describe(self) -> None:
        """Title and the selected finding in full."""
        doctor, finding = self.doctor, self.selected
        state = doctor.measuring or (
            findings_verdict(doctor.findings) if doctor.looked else LOOKING
        )
        title = Text.assemble((" Doctor ", "bold"), f"│ {clean(state)}")
        self.query_one("#doctor-title", Static).update(title)
        text = Text()
        if finding is None:
            text.append(with_keys(HINT))
        else:
            text.append(clean(finding.value))
            if finding.detail:
                text.append(f"\n{clean(finding.detail)}", "dim")
            if finding.remedy:
                text.append(f"\n→ {clean(finding.remedy)}", "bold")
            elif finding.device and not doctor.measuring:
                why = self.link.board.why_not("measure_camera")
                text.append(f"\n{clean(why) if why else with_keys(HINT)}", "dim")
        self.query_one("#doctor-detail", Static).update(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what cannot be done now."""
        return self.link.allows(action)

    def action_measure_camera(self) -> None:
        """Measure the camera under the cursor."""
        finding = self.selected
        if finding is None or not finding.device:
            self.link.explain("Choose the line of a camera or of the source used last.")
        elif self.link.can("measure_camera"):
            self.link.call(self.link.desk.check, CheckRequest(source=finding.device))

    def action_back(self) -> None:
        """Back to the desk."""
        self.dismiss(None)


def _below(finding: Finding) -> str:
    """The subject; what is about a camera's side stands indented below the camera's own line."""
    side = finding.subject.removeprefix(f"{finding.device} ")
    return f"  {side}" if finding.device and side != finding.subject else side


def _cells(finding: Finding, subject: int, width: int) -> tuple[Text, Text, Text]:
    """State in sign and word, subject, value."""
    state, style = STATES[finding.state]
    return (
        Text(f" {state}", style),
        Text(shorten(_below(finding), subject - 1)),
        Text(shorten(finding.value, width)),
    )
