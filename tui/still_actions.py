"""Pictures at full quality: the last capture, a person's pictures, the face behind a sighting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.events import Captured, Event, JobEnded, JobStarted
from engine.service.protocol import Desk, PictureRow
from tui.actions import ActionsApp
from tui.calls import in_thread
from tui.screens.still import StillScreen
from tui.stills import Still


class StillApp(ActionsApp):
    """The key that shows pictures, and `show_still` for whoever has one to show."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.last_capture: Captured | None = None

    def heard(self, event: Event) -> None:
        """Remember the last capture; one that was given up took its pictures with it."""
        super().heard(event)
        match event:
            case Captured():
                self.last_capture = event
            case JobStarted(job="enrol") | JobEnded(job="enrol", outcome="cancelled"):
                self.last_capture = None
            case _:
                return

    def show_still(self, title: str, picture: bytes | Path, caption: str) -> None:
        """Show one picture: a file, an encoded picture or a crop (RGB uint8 160x160x3)."""
        self.push_screen(StillScreen(title, (Still(picture, caption),)))

    def newest_face(self) -> Still | None:
        """The picture behind the newest sighting, if it is at hand."""
        return None

    def action_still(self) -> None:
        """What there is to see of the pane in front."""
        front = self.screen_desk.front
        if front == "people":
            self._show_person()
        elif front == "recognition":
            face = self.newest_face()
            if face is None:
                self.explain("No picture of a face is at hand: r names the people in view.")
            else:
                self.push_screen(StillScreen("The newest face", (face,)))
        else:
            self._show_last_capture()

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
