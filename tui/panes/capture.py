"""Capture and import: how many pictures are kept, and why the others are not.

The capture's grid: views by pose and distance, and lights, each with a sign that fills.
"""

from __future__ import annotations

from rich.cells import set_cell_size
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget

from engine.contract import (
    Captured,
    Coaching,
    EnrolDone,
    ImportDone,
    JobEnded,
    JobStarted,
    PictureDoubted,
    Preview,
    SourceLost,
    SourceOpened,
    SourceRestored,
)
from engine.text import many
from tui.keys.keymap import with_keys
from tui.live import Live, Refusals
from tui.panes.base import ROOMY, Empty, Pane, frame_width, line
from tui.widgets.bars import Meter
from tui.widgets.preview import FramePreview
from tui.words.coach import advice, progress, why_refused
from tui.words.recovery import trashed_words
from tui.words.text import clean, crowded_words, measured, reason_words, shorten, span

FULL, EMPTY = "■", "·"
_NAME, _CELL, _LIGHT = 7, 10, 6
"""Cells of the names on the left, of one view, and of a light's name."""


def sign(different: int, need: int, *, here: bool) -> str:
    """`■■·` for two of three; in brackets where the person is just now."""
    seen = min(different, need)
    marks = FULL * seen + EMPTY * (need - seen)
    return f"[{marks}]" if here else f" {marks} "


class Coverage(Widget):
    """Six lines of 33 cells, seven with nods: they fit beside a preview too. Signs carry the
    meaning."""

    DEFAULT_CSS = """
    Coverage { height: auto; width: 100%; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.said: Coaching | None = None

    def show(self, said: Coaching) -> None:
        """Take what the coach said."""
        self.said = said
        self.refresh(layout=True)

    def render(self) -> Text:
        """The grid."""
        return drawn(self.said) if self.said else Text()


def drawn(said: Coaching) -> Text:
    """The grid as text: a row a distance, one for nods where they are asked for, the lights."""
    poses = tuple(dict.fromkeys(pose for pose, _, _ in said.cells))
    distances = ("near", "middle", "far")
    counts = {(pose, distance): count for pose, distance, count in said.cells}
    order = [pose for pose in ("left", "frontal", "right") if pose in poses]
    text = Text(" " * _NAME, no_wrap=True)
    for pose in order:
        text.append(" " + set_cell_size(pose, _CELL - 1), "dim")
    for distance in distances:
        text.append("\n" + set_cell_size(distance, _NAME), "dim")
        for pose in order:
            count = counts.get((pose, distance), 0)
            here = (pose, distance) == (said.pose, said.distance)
            text.append_text(_cell(count, said.need, here=here))
            text.append(" " * (_CELL - said.need - 2))
    nods = [(pose, far) for pose, far, _count in said.cells if pose in ("up", "down")]
    for number, cell in enumerate(nods):
        text.append("\n" + set_cell_size("nod", _NAME) if number == 0 else "", "dim")
        text.append(" " + set_cell_size(cell[0], _LIGHT), "dim")
        here = cell == (said.pose, said.distance)
        text.append_text(_cell(counts[cell], said.need, here=here))
    for number, (light, count) in enumerate(said.lights):
        if number % 2 == 0:
            text.append("\n" + set_cell_size("light" if number == 0 else "", _NAME), "dim")
        text.append(" " + set_cell_size(light, _LIGHT), "dim")
        text.append_text(_cell(count, said.need, here=light == said.light))
    return text


def _cell(count: int, need: int, *, here: bool) -> Text:
    style = "green" if count >= need else "yellow" if count else ""
    return Text(sign(count, need, here=here), f"bold {style}".strip() if here else style)


class CapturePane(Pane):
    """The running or last capture or import."""

    NAME = "capture"
    NUMBER = 2
    TITLE = "Capture"
    MAIN = "#capture-body"
    EMPTY = (
        "No capture is running.\n\n"
        "{key.new_person}  enrol a person from a camera or clip\n"
        "{key.import_folder}  import photographs from a folder\n\n"
        "Sources: 0 or /dev/video0, a clip, a folder of pictures, rtsp:// or http:// streams, "
        "demo:collins."
    )

    def __init__(self) -> None:
        super().__init__()
        self.running = ""
        self.live = Live()

    def compose(self) -> ComposeResult:
        """Figures on the left, the frame on the right where there is room."""
        with Horizontal():
            with VerticalScroll(id="capture-body", can_focus=True):
                yield Empty(with_keys(self.EMPTY), id="capture-empty", can_focus=False)
                yield line("capture-status", "status")
                yield line("capture-steps", "detail")
                yield line("capture-source", "detail")
                yield Meter(id="capture-meter")
                yield line("capture-advice", "advice")
                yield line("capture-why", "detail")
                yield line("capture-last", "detail")
                yield Coverage(id="capture-grid")
                yield line("capture-refused")
                yield line("capture-keys", "hint")
            yield FramePreview(id="capture-preview")

    def on_mount(self) -> None:
        """Start empty."""
        self.query_one(Meter).display = False
        self.query_one(Coverage).display = False
        self.show_preview(None)

    def on_resize(self, event: events.Resize) -> None:
        """The frame shows only where it leaves enough room for the words."""
        self.set_class(event.size.width >= ROOMY, "-roomy")
        self.query_one(FramePreview).styles.width = frame_width(event.size.width)

    def started(self, event: JobStarted) -> None:
        """A capture or import begins: clear what the last one left."""
        self.running = event.job
        self.live = Live()
        self.show_preview(None)
        self.query_one("#capture-empty").display = False
        if event.job == "import":
            self.steps("", "")
        self.query_one(Meter).display = True
        self.query_one(Meter).show(0, 0)
        self.query_one(Coverage).display = False
        for part in ("source", "last", "advice", "why", "refused"):
            self.write(f"#capture-{part}", "")
        starting = f"{clean(event.title)}: starting"
        self.write("#capture-status", Text(starting, "bold"))
        keys = with_keys("{key.stop} stop and keep · {key.cancel} keep, and no more")
        self.write("#capture-keys", keys)

    def source(self, event: SourceOpened) -> None:
        """Say where the frames come from; a demo says so."""
        about = Text()
        if event.demo:
            about.append(f" {'DEMO'} ", "reverse bold")
            about.append(" ")
        size = f"{event.width}x{event.height}"
        rate = f" {event.fps:.0f} fps" if event.fps else ""
        about.append(f"{clean(event.source)} · {size}{rate}")
        self.write("#capture-source", about)

    def lost(self, event: SourceLost) -> None:
        """A live source is gone and being tried again."""
        self.write(
            "#capture-advice",
            f"Source lost ({clean(event.reason)}): attempt {event.attempt} in "
            f"{event.retry_in:.1f} s",
        )

    def restored(self, event: SourceRestored) -> None:
        """A live source is back."""
        text = f"Source is back after {event.seconds:.1f} s"
        self.write("#capture-advice", text)

    def doubted(self, event: PictureDoubted) -> None:
        """The camera sends what it should not, or is in order again."""
        self.write("#capture-advice", clean(event.text))

    def captured(self, event: Captured) -> None:
        """One more picture is on disk."""
        self.query_one(Meter).show(event.captured, event.target)
        text = f"Capturing {clean(event.person)}"
        self.write("#capture-status", Text(text, "bold"))

    def steps(self, shown: str, failed: str) -> None:
        """The line of steps of a quick enrolment, and why it ended if it did."""
        self.write("#capture-steps", "\n".join(clean(part) for part in (shown, failed) if part))

    def show_live(self, live: Live) -> None:
        """Refusals, import progress and preview as they stand."""
        if self.running == "enrol":
            self._show_refused(live.refused, "Refused frames")
            if live.coaching is not None and live.coaching is not self.live.coaching:
                self._coach(live.coaching)
        elif self.running == "import":
            self._show_refused(live.import_refused, "Refused files")
            if live.importing:
                self.query_one(Meter).show(live.importing.done, live.importing.total)
                self.write("#capture-status", Text("Importing", "bold"))
                self.write("#capture-last", shorten(live.importing.file, 60))
        if self.running:
            self.show_preview(live.preview)
        self.live = live

    def _coach(self, said: Coaching) -> None:
        """What to do now, why the last frame was refused, the grid, the count, the time left."""
        mark = "!" if said.reason else "→"
        self.write("#capture-advice", Text(f"{mark} {clean(advice(said)).upper()}", "bold"))
        self.write("#capture-why", clean(why_refused(said)) or "kept")
        grid = self.query_one(Coverage)
        grid.display = True
        grid.show(said)
        self.write("#capture-last", progress(said))

    def show_preview(self, frame: Preview | None) -> None:
        """Show a frame; its room is kept while a capture runs."""
        preview = self.query_one(FramePreview)
        preview.set_class(self.running != "enrol", "-nothing")
        preview.show(frame)

    def done(self, event: EnrolDone | ImportDone) -> None:
        """What the job brought."""
        if isinstance(event, ImportDone):
            text = "Imported {pictures} of {people} in {time}; {files} refused".format(
                pictures=many(event.images, "picture"),
                people=many(event.people, "person", "people"),
                time=span(event.seconds),
                files=many(event.refused, "file"),
            )
            self.write("#capture-last", crowded_words(event.crowded) if event.crowded else "")
        else:
            self.query_one(Meter).show(event.captured, event.target)
            ended = {
                "complete": "complete",
                "stopped": "stopped, kept",
                "cancelled": "given up",
                "source_ended": "the source ended early, kept",
            }.get(event.ended, clean(event.ended))
            text = "{person}: {ended}. {count} of {pictures} in {time}".format(
                person=clean(event.person),
                ended=ended,
                count=event.captured,
                pictures=many(event.target, "picture"),
                time=span(event.seconds),
            )
            if event.change:
                self.write("#capture-last", trashed_words(event.given_up))
        self.write("#capture-status", Text(text, "bold"))

    def ended(self, event: JobEnded) -> None:
        """The job is over; its figures stay until the next one."""
        self.running = ""
        self.write("#capture-advice", "")
        self.write("#capture-why", "")
        after = "{key.new_person} enrol another person or session · {key.split} split the pictures"
        self.write("#capture-keys", with_keys(after))
        self.query_one(Meter).set_class(event.outcome != "done", "-idle")
        self.show_preview(None)
        if event.outcome == "failed":
            failed = clean(f"Failed: {event.title}")
            self.write("#capture-status", Text(failed, "bold red"))
            self.write("#capture-last", clean(event.message))
            self.write("#capture-keys", clean(event.hint))
        elif event.outcome == "cancelled":
            self.write("#capture-status", Text("Cancelled", "bold"))

    def _show_refused(self, refused: dict[str, Refusals], title: str) -> None:
        if not refused:
            return
        total = sum(tally.count for tally in refused.values())
        table = Text(f"{title}: {total}", "bold")
        for reason, tally in sorted(refused.items(), key=lambda item: -item[1].count):
            value = measured(reason, tally.value, tally.limit)
            table.append(f"\n{tally.count:>5}  {reason_words(reason):<16}", "not bold")
            last = f"last {value}" if value else ""
            table.append(last, "not bold dim")
        self.write("#capture-refused", table)
