"""Pictures at full quality: the last capture, a person's pictures, the face behind a sighting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.events import Captured, Event, JobEnded, JobStarted, NothingToExplain, Why
from engine.service.protocol import Desk, PictureRow
from tui.actions import ActionsApp
from tui.calls import in_thread
from tui.screens.still import StillScreen
from tui.state_words import DECISIONS
from tui.stills import Still
from tui.text import clean


class StillApp(ActionsApp):
    """The key that shows pictures, and `show_still` for whoever has one to show."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.last_capture: Captured | None = None
        self._face_wanted = False
        """Whether the engine was asked for the picture behind a sighting."""

    def heard(self, event: Event) -> None:
        """Remember the last capture; one that was given up took its pictures with it."""
        super().heard(event)
        match event:
            case Captured():
                self.last_capture = event
            case JobStarted(job="enrol") | JobEnded(job="enrol", outcome="cancelled"):
                self.last_capture = None
            case Why() if self._face_wanted:
                self._face_wanted = False
                self.show_still("The newest face", event.crop, _about(event))
            case NothingToExplain() if self._face_wanted:
                self._face_wanted = False
                self.explain("The picture of this face is no longer at hand.")
            case _:
                return

    def show_still(self, title: str, picture: bytes | Path, caption: str) -> None:
        """Show one picture: a file, an encoded picture or a crop (RGB uint8 160x160x3)."""
        self.push_screen(StillScreen(title, (Still(picture, caption),)))

    def action_still(self) -> None:
        """What there is to see of the pane in front."""
        front = self.screen_desk.front
        if front == "people":
            self._show_person()
        elif front == "recognition":
            self._show_newest_face()
        else:
            self._show_last_capture()

    def _show_newest_face(self) -> None:
        """Ask the engine for the picture behind the newest sighting; `heard` shows it."""
        seen = self.screen_desk.recognition.sightings
        if not seen:
            self.explain("No picture of a face is at hand: r names the people in view.")
            return
        newest = max(seen, key=lambda each: each.seen)
        self._face_wanted = True
        self.go(in_thread(partial(self.desk.why, newest.face.track)))

    def _show_person(self) -> None:
        person = self.screen_desk.people.selected
        if person is None:
            self.explain("Nobody is enrolled yet: press n to enrol a person.")
            return

        async def show() -> None:
            rows = await in_thread(partial(self.desk.pictures, person.name))
            if rows:
                self.push_screen(StillScreen(person.name, tuple(map(_still, rows))))
            else:
                self.explain(f"There is no picture of {person.name}.")

        self.go(show())

    def _show_last_capture(self) -> None:
        last = self.last_capture
        if last is None:
            self.explain("No picture was captured yet: press n to enrol a person.")
            return

        async def show() -> None:
            rows = await in_thread(partial(self.desk.pictures, last.person))
            row = next((r for r in rows if (r.session, r.file) == (last.session, last.file)), None)
            if row is None:
                self.explain("The last capture is no longer there.")
            else:
                self.push_screen(StillScreen(f"Last kept: {last.person}", (_still(row),)))

        self.go(show())


def _still(row: PictureRow) -> Still:
    return Still(Path(row.path), f"session {row.session} · {row.file}")


def _about(seen: Why) -> str:
    """One line about a face: what was decided, and by how much."""
    who = clean(seen.person or seen.candidate)
    return (
        f"{DECISIONS.get(seen.decision, seen.decision)}: {who}, score "
        f"{seen.score:.2f}, threshold {seen.threshold:.2f}"
    )
