"""Capture and import: how many pictures are kept, and why the others are not.

The capture's grid: views by pose and distance, and lights, each with a sign that fills.
"""

from __future__ import annotations

import time
from pathlib import Path

from rich.cells import set_cell_size
from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from engine.contract import (
    Captured,
    Coaching,
    EnrolDone,
    ImportDone,
    ImportProgress,
    JobEnded,
    JobStarted,
    PictureDoubted,
    SourceLost,
    SourceOpened,
    SourceRestored,
)
from engine.text import many
from tui.keys.keymap import with_keys
from tui.live import Live, Refusals
from tui.panes.base import Empty, FramePane, line
from tui.widgets.bars import Meter
from tui.widgets.preview import Tag
from tui.words.coach import advice, progress, why_refused
from tui.words.events import trashed_words
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
    """Six lines, seven with nods; narrow ones fit beside a picture. Signs carry the meaning."""

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
        return drawn(self.said, self.size.width) if self.said else Text()


def drawn(said: Coaching, width: int) -> Text:
    """The grid as text: a row a distance, one for nods where they are asked for, the lights."""
    poses = tuple(dict.fromkeys(pose for pose, _, _ in said.cells))
    distances = ("near", "middle", "far")
    counts = {(pose, distance): count for pose, distance, count in said.cells}
    order = [pose for pose in ("left", "frontal", "right") if pose in poses]
    room = (width - _NAME) // max(1, len(order))
    room = min(_CELL, max(said.need + 3, room))
    text = Text(" " * _NAME, no_wrap=True)
    for pose in order:
        text.append(" " + set_cell_size(pose if len(pose) < room else pose[:5], room - 1), "dim")
    for distance in distances:
        text.append("\n" + set_cell_size(distance, _NAME), "dim")
        for pose in order:
            count = counts.get((pose, distance), 0)
            here = (pose, distance) == here_at(said)
            text.append_text(_cell(count, said.need, here=here))
            text.append(" " * (room - said.need - 2))
    beside = min(_NAME, max(5, width - 2 * (_LIGHT + said.need + 3)))
    nods = [(pose, far) for pose, far, _count in said.cells if pose in ("up", "down")]
    signs = [
        ("nod", [(pose, counts[pose, far], (pose, far) == here_at(said)) for pose, far in nods]),
        ("light", [(light, count, light == said.light) for light, count in said.lights]),
    ]
    for heading, cells in signs:
        for number, (name, count, here) in enumerate(cells):
            if number % 2 == 0:
                text.append("\n" + set_cell_size("" if number else heading, beside), "dim")
            text.append(" " + set_cell_size(name, _LIGHT), "dim")
            text.append_text(_cell(count, said.need, here=here))
    return text


def here_at(said: Coaching) -> tuple[str, str]:
    """The view that the person shows just now."""
    return said.pose, said.distance


def _cell(count: int, need: int, *, here: bool) -> Text:
    style = "green" if count >= need else "yellow" if count else ""
    return Text(sign(count, need, here=here), f"bold {style}".strip() if here else style)


class CapturePane(FramePane):
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
        self.person = ""
        """Whose pictures were kept last."""
        self.live = Live()

    def words(self) -> ComposeResult:
        """Whom, from where, the grid, what was refused."""
        yield Empty(with_keys(self.EMPTY), id="capture-empty", can_focus=False)
        yield line("capture-status", "status")
        yield line("capture-steps", "detail")
        yield line("capture-source", "detail")
        yield line("capture-why", "detail")
        yield line("capture-last", "detail")
        yield Coverage(id="capture-grid")
        yield line("capture-refused")
        yield line("capture-keys", "hint")

    def under(self) -> ComposeResult:
        """What to do now, and the count."""
        yield line("capture-advice", "advice")
        yield Meter(id="capture-meter")

    def on_mount(self) -> None:
        """Start empty."""
        self.query_one(Meter).display = False
        self.query_one(Coverage).display = False
        self.fit()

    def started(self, event: JobStarted) -> None:
        """A capture or import begins: clear what the last one left."""
        self.running = event.job
        self._began = time.monotonic()
        self.person = ""
        self.live = Live()
        self.query_one("#capture-empty").display = False
        if event.job == "import":
            self.steps("", "")
        self.query_one(Meter).display = True
        self.query_one(Meter).show(0, 0)
        self.query_one(Coverage).display = False
        for part in ("source", "last", "advice", "why", "refused"):
            self.write(f"#capture-{part}", "")
        self.write("#capture-status", Text(f"{clean(event.title)}: starting", "bold"))
        keys = "{key.stop} stop and keep · {key.cancel} keep, and no more"
        self.write("#capture-keys", with_keys(keys))

    def source(self, event: SourceOpened) -> None:
        """Say where the frames come from; a demo says so."""
        self.source_shape(event.width, event.height)
        about = Text.assemble((" DEMO ", "reverse bold"), " ") if event.demo else Text()
        rate = f" {event.fps:.0f} fps" if event.fps else ""
        about.append(f"{clean(event.source)} · {event.width}x{event.height}{rate}")
        self.write("#capture-source", about)

    def lost(self, event: SourceLost) -> None:
        """A live source is gone and being tried again."""
        text = f"Source lost ({clean(event.reason)}): attempt {event.attempt} in "
        self.write("#capture-advice", f"{text}{event.retry_in:.1f} s")

    def restored(self, event: SourceRestored) -> None:
        """A live source is back."""
        self.write("#capture-advice", f"Source is back after {event.seconds:.1f} s")

    def doubted(self, event: PictureDoubted) -> None:
        """The camera sends what it should not, or is in order again."""
        self.write("#capture-advice", clean(event.text))

    def captured(self, event: Captured) -> None:
        """One more picture is on disk."""
        self.query_one(Meter).show(event.captured, event.target)
        self.person = event.person
        self.write("#capture-status", Text(f"Capturing {clean(event.person)}", "bold"))

    def steps(self, shown: str, outcome: str) -> None:
        """The line of steps of a quick enrolment, and how it ended if it did."""
        self.write("#capture-steps", "\n".join(clean(part) for part in (shown, outcome) if part))
        if outcome:
            self.summary = clean(outcome)

    def show_live(self, live: Live) -> None:
        """Refusals, import progress and preview as they stand."""
        if self.running == "enrol":
            self._show_refused(live.refused)
            if live.coaching is not None and live.coaching is not self.live.coaching:
                self._coach(live.coaching)
        elif self.running == "import":
            self._show_refused(live.import_refused, imported=True)
            if live.importing:
                self.query_one(Meter).show(live.importing.done, live.importing.total)
                took = time.monotonic() - self._began
                self.write("#capture-status", Text(importing(live.importing, took), "bold"))
                self.write("#capture-last", shorten(live.importing.file, 60))
        if self.watching:
            self.preview.show(live.preview, self._tags(live))
        self.live = live

    def _tags(self, live: Live) -> tuple[Tag, ...]:
        """The face's box: green with the name while its frames are good, else why not."""
        said, frame = live.coaching, live.preview
        if frame is None or said is None or not frame.boxes:
            return ()
        if len(frame.boxes) > 1 or said.reason:
            return tuple(Tag(box, reason_words(said.reason), "unsure") for box in frame.boxes)
        return (Tag(frame.boxes[0], self.person, "known"),)

    def _coach(self, said: Coaching) -> None:
        """What to do now, why the last frame was refused, the grid, the count, the time left."""
        mark = "!" if said.reason else "→"
        self.write("#capture-advice", Text(f"{mark} {clean(advice(said)).upper()}", "bold"))
        self.write("#capture-why", clean(why_refused(said)) or "kept")
        grid = self.query_one(Coverage)
        grid.display = True
        grid.show(said)
        self.write("#capture-last", progress(said))

    def done(self, event: EnrolDone | ImportDone) -> None:
        """What the job brought."""
        if isinstance(event, ImportDone):
            pictures, people = many(event.images, "picture"), many(event.people, "person", "people")
            refused = many(event.refused, "file")
            text = f"Imported {pictures} of {people} in {span(event.seconds)}; {refused} refused"
            self.write("#capture-last", crowded_words(event.crowded) if event.crowded else "")
        else:
            self.query_one(Meter).show(event.captured, event.target)
            ended = {
                "complete": "complete",
                "stopped": "stopped, kept",
                "cancelled": "given up",
                "source_ended": "the source ended early, kept",
            }.get(event.ended, clean(event.ended))
            counts = f"{event.captured} of {many(event.target, 'picture')}"
            text = f"{clean(event.person)}: {ended}. {counts} in {span(event.seconds)}"
            self.write("#capture-last", trashed_words(event.given_up) if event.change else "")
        self.write("#capture-status", Text(text, "bold"))

    def ended(self, event: JobEnded) -> None:
        """The job is over; its figures stay until the next one."""
        self.running = ""
        self.write("#capture-advice", "")
        self.write("#capture-why", "")
        if event.outcome != "done":
            self.query_one(Coverage).display = False
        after = "{key.new_person} enrol another person or session · {key.split} split the pictures"
        self.write("#capture-keys", with_keys(after))
        self.query_one(Meter).set_class(event.outcome != "done", "-idle")
        if event.outcome == "failed":
            self.write("#capture-status", Text(clean(f"Failed: {event.title}"), "bold red"))
            self.write("#capture-last", clean(event.message))
            self.write("#capture-keys", clean(event.hint))
        elif event.outcome == "cancelled":
            self.write("#capture-status", Text("Cancelled", "bold"))
            self.write("#capture-last", "")

    def _show_refused(self, refused: dict[str, Refusals], *, imported: bool = False) -> None:
        if not refused:
            return
        total = sum(tally.count for tally in refused.values())
        table = Text(f"Refused {'files' if imported else 'frames'}: {total}", "bold")
        for reason, tally in sorted(refused.items(), key=lambda item: -item[1].count):
            value = measured(reason, tally.value, tally.limit)
            words = reason_words(reason, imported=imported)
            table.append(f"\n{tally.count:>4} {words:<15} ", "not bold")
            table.append(value, "not bold dim")
        self.write("#capture-refused", table)


def importing(done: ImportProgress, seconds: float) -> str:
    """Who is imported, and the time left as the first files took it."""
    person = clean(Path(done.file).parent.name)
    left = seconds * (done.total - done.done) / done.done if done.done else 0.0
    return f"Importing {person}" + (f", about {span(left)} left" if left >= 1 else "")
