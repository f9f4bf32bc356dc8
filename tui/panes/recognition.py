"""Recognition: who is in view, how sure, since when, and what happened before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult

from engine.contract import (
    BoxTuple,
    JobEnded,
    JobStarted,
    PictureDoubted,
    Preview,
    RecogniseDone,
    SourceLost,
    SourceOpened,
    SourceRestored,
    Threshold,
)
from engine.text import many
from tui.keys.keymap import with_keys
from tui.live import Live, Sighting
from tui.panes.base import Empty, FramePane, line
from tui.widgets.preview import Tag
from tui.words.events import failed_words
from tui.words.figures import matched, seen_words
from tui.words.tables import Sheet
from tui.words.text import clean, clock, shorten, span

AGREED = 1.0
"""Seconds for which a decision counts for the box in the same place."""
SAME_FACE = 0.5
"""Overlap (shared area over the area of both) from which two boxes are of one face."""
GONE = 2.0
"""Seconds without a sighting after which a face has left the view."""
STYLES = {"known": "bold green", "unsure": "bold yellow", "unknown": "bold red"}


class RecognitionPane(FramePane):
    """The faces in view and the last changes."""

    NAME = "recognition"
    NUMBER = 5
    TITLE = "Recognition"
    MAIN = "#recognition-body"
    EMPTY = (
        "Nobody is watching yet.\n\nPress {key.recognise} to name the people in front of a camera."
    )
    NO_MODEL = " It needs a model: press {key.train} to train one."

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.running = False
        self.opened: dict[str, Text] = {}
        """What is said of each source that has delivered, by its name."""
        self.sightings: tuple[Sighting, ...] = ()
        self.history: deque[Sighting] = deque(maxlen=200)
        self.outcome = ""
        """How the enrolment before this recognition ended."""

    def words(self) -> ComposeResult:
        """The faces in view with their figures, and what happened before."""
        yield Empty(with_keys(self.EMPTY + self.NO_MODEL), id="recognition-empty", can_focus=False)
        yield line("recognition-threshold", "detail")
        yield line("recognition-source", "detail")
        yield line("recognition-now")
        yield line("recognition-history", "history")

    def under(self) -> ComposeResult:
        """Who is in view, and how fast."""
        yield line("recognition-who")
        yield line("recognition-status", "status")

    def on_mount(self) -> None:
        """Start empty; times in view grow by themselves."""
        self.set_interval(1.0, self.tick)
        self.fit()

    def know_model(self, *, there: bool) -> None:
        """Say what is needed to begin: a model, unless one is in use."""
        text = self.EMPTY + ("" if there else self.NO_MODEL)
        self.query_one("#recognition-empty", Empty).update(with_keys(text))

    def started(self, event: JobStarted) -> None:
        """Recognition begins: clear what the last one left."""
        self.running = True
        self.sightings = ()
        self.opened.clear()
        self.history.clear()
        self.query_one("#recognition-empty").display = False
        for part in ("threshold", "source", "who", "now", "history"):
            self.write(f"#recognition-{part}", "")
        self.border_subtitle = with_keys("{key.stop} stop")
        starting = f"{clean(event.title)}: starting"
        self.write("#recognition-status", Text(clean(self.outcome) or starting, "bold"))

    def after_enrolment(self, outcome: str) -> None:
        """Show how the enrolment before this recognition ended, until it is over."""
        self.outcome = outcome
        if outcome:
            self.write("#recognition-status", Text(clean(outcome), "bold"))

    def threshold(self, event: Threshold) -> None:
        """Say how often a stranger is given a name."""
        self.write("#recognition-threshold", clean(event.brief))

    def source(self, event: SourceOpened) -> None:
        """Say where the frames come from; a demo says so."""
        self.source_shape(event.width, event.height)
        about = Text.assemble((" DEMO ", "reverse bold"), " ") if event.demo else Text()
        about.append(f"{clean(event.source)} · {event.width}x{event.height}")
        self.opened[event.source] = about
        self.write("#recognition-source", Text("\n").join(self.opened.values()))

    def lost(self, event: SourceLost) -> None:
        """A live source is gone and being tried again."""
        text = f"Source lost: attempt {event.attempt} in {event.retry_in:.1f} s"
        self.write("#recognition-status", Text(text, "bold yellow"))

    def restored(self, event: SourceRestored) -> None:
        """A live source is back: the rate shows it."""

    def doubted(self, event: PictureDoubted) -> None:
        """The camera sends what it should not, or is in order again."""
        style = "" if event.over else "bold yellow"
        self.write("#recognition-status", Text(clean(event.text), style))

    def show_live(self, live: Live) -> None:
        """Faces in view and changes since the last look."""
        if not self.running:
            return
        self.sightings = live.sightings
        self.history.extend(live.changes)
        if rate := live.rate:
            frames = f"{many(rate.frames, 'frame')}, {rate.dropped} dropped"
            doing = clean(self.outcome) or "Watching"
            watching = Text.assemble((doing, "bold"), f" · {rate.fps:.1f} fps · {frames}")
            self.write("#recognition-status", watching)
        elif live.faceless:
            text = f"No face in {many(live.faceless, 'picture')}"
            self.write("#recognition-status", text)
        self.tick()
        if self.watching:
            frame = live.preview
            present = self._present(AGREED)
            self.preview.show(frame, tags(frame, present) if frame else ())

    def _present(self, seconds: float) -> list[Sighting]:
        """The faces seen in the last `seconds`, newest first."""
        now = self.clock()
        # A clock that was set back would keep people in view until it is as late again.
        return [s for s in reversed(self.sightings) if 0 <= now - s.seen <= seconds]

    def tick(self) -> None:
        """Draw the faces in view as of now."""
        if not self.running:
            return
        now = self.clock()
        present = self._present(GONE)
        width = max(20, self.query_one("#recognition-body").content_size.width)
        many_sources = len(self.opened) > 1
        cards = [_card(s, now, width, many_sources=many_sources) for s in present]
        self.write("#recognition-now", Text("\n").join(cards))
        who = Text("  ").join(map(_in_short, present))
        if not present and self.opened:
            who = Text("Nobody in view", "dim")
        self.write("#recognition-who", who)
        self._show_history()

    def _show_history(self) -> None:
        if not self.history:
            return
        lines = Text("Last events", "bold")
        for change in reversed(self.history):
            face = change.face
            lines.append(f"\n{clock(change.since)} ", "not bold dim")
            lines.append(f"{clean(face.decision):<8}", f"not bold {STYLES.get(face.decision, '')}")
            who = clean(face.person or _nearest(face.candidate))
            rest = f"{who} {matched(face.score, face.threshold)}"
            lines.append(rest, "not bold" if face.person else "not bold dim")
        self.write("#recognition-history", lines)

    def sheet(self) -> Sheet | None:
        """The last events, newest first."""
        rows = tuple(
            (
                clock(change.since),
                change.face.decision,
                change.face.person or "",
                change.face.candidate,
                f"{change.face.score:.3f}",
                f"{change.face.threshold:.3f}",
            )
            for change in reversed(self.history)
        )
        header = ("time", "decision", "person", "nearest", "score", "threshold")
        return Sheet(self.NAME, header, rows) if rows else None

    def done(self, event: RecogniseDone) -> None:
        """What was seen."""
        seen = clean(seen_words(event))
        figures = f"{many(event.frames, 'frame')}, {many(event.faces, 'face')}, {event.fps:.1f} fps"
        about = f": {figures}{f'. {seen}' if seen else ''}"
        self.write("#recognition-status", Text.assemble(("Ended", "bold"), about))

    def ended(self, event: JobEnded) -> None:
        """Recognition is over; the last events stay."""
        self.running, self.outcome = False, ""
        self.border_subtitle = with_keys("{key.recognise} watch again")
        self.write("#recognition-now", "")
        self.write("#recognition-who", "")
        if event.outcome == "failed":
            self.write("#recognition-status", Text(failed_words(event), "bold red"))
        elif event.outcome == "cancelled":
            self.write("#recognition-status", Text("Cancelled", "bold"))


def tags(frame: Preview, present: Sequence[Sighting]) -> tuple[Tag, ...]:
    """What is said of each box of a frame: the decision about that very face, or "..." until there
    is one. `present` are the faces seen of late, newest first.

    A decision about an earlier frame counts for the box that lies where the face was, one for one.
    """
    left = [s.face for s in present if not frame.source or s.face.source == frame.source]
    left.sort(key=lambda face: face.frame != frame.searched)
    made: dict[BoxTuple, Tag] = {}
    for face in left:
        same = face.frame == frame.searched and face.box in frame.boxes
        nearest = max(frame.boxes, key=lambda box: overlap(box, face.box), default=face.box)
        box = face.box if same else nearest
        if box not in made and (same or overlap(box, face.box) >= SAME_FACE):
            made[box] = Tag(box, face.person or face.decision, face.decision)
    return tuple(made.get(box, Tag(box, "...", "")) for box in frame.boxes)


def overlap(one: BoxTuple, other: BoxTuple) -> float:
    """Shared area over the area of both (x, y, width, height)."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0, across) * max(0, down)
    both = one[2] * one[3] + other[2] * other[3] - shared
    return shared / both if both else 0.0


def _in_short(sighting: Sighting) -> Text:
    face = sighting.face
    style = STYLES.get(face.decision, "bold")
    return Text(clean(face.person or face.decision), f"{style} reverse")


def _nearest(candidate: str) -> str:
    return f"nearest {candidate}" if candidate else "nobody near"


def _card(sighting: Sighting, now: float, width: int, *, many_sources: bool) -> Text:
    """Two lines about a face: who, then the figures behind it; of `many_sources` also its own."""
    face = sighting.face
    style = STYLES.get(face.decision, "bold")
    who = clean(face.person) if face.person else _nearest(clean(face.candidate))
    # Only the name that was decided is shown in colour and bold.
    name_style = style if face.person else "dim"
    stale = " STALE" if face.stale else ""
    decision = clean(face.decision).upper()
    head = Text.assemble(
        (f" {decision} ", f"{style} reverse"),
        " ",
        (shorten(who, width - len(decision) - len(stale) - 4), name_style),
        (stale, "bold yellow"),
    )
    score = matched(face.score, face.threshold)
    figures = f"match {score} · votes {face.votes}/{face.of}"
    since = f"since {clock(sighting.since)}"
    if width > 50:
        since = f"{since}, {span(now - sighting.since)}"
    between = " · " if width >= 44 else "\n "
    head.append(f"\n {figures}{between}{since}", "dim")
    if many_sources:
        head.append(f"\n {shorten(clean(face.source), width - 1)}", "dim")
    if face.stale:
        changed = with_keys("pictures changed since training: press {key.train}")
        head.append(f"\n {changed}", "yellow")
    return head
