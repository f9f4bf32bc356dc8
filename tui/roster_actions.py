"""Working through the roster: one capture after the other, training once at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import on

from engine.events import Event, JobEnded
from engine.service.protocol import Desk, EnrolRequest
from engine.service.roster_calls import Added
from engine.shown import many
from tui.quick_enrolment import QuickEnrolmentApp
from tui.screens.roster import RosterScreen


class RosterApp(QuickEnrolmentApp):
    """`l`, and the way back to the roster after each capture."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.roster_trains = True
        self._from_roster = False
        """Whether the capture under way was started from the roster, and others wait."""

    def action_roster(self) -> None:
        """Open the roster."""
        if self.can("new_person"):
            self.push_screen(
                RosterScreen(
                    lambda: self.ask(self.desk.roster),
                    self._add_names,
                    source=self.source,
                    then_train=self.roster_trains,
                )
            )

    async def _add_names(self, source: str) -> Added | None:
        added = await self.ask(partial(self.desk.add_to_roster, source))
        if added is not None:
            self.tell(
                "{names} added to the roster".format(names=many(len(added.names), "name")),
                "good",
            )
            for note in added.notes:
                self.explain(note)
        return added

    @on(RosterScreen.EnrolAsked)
    def _enrol_next(self, message: RosterScreen.EnrolAsked) -> None:
        """Capture without further questions, with the source and count used last."""
        self.roster_trains = message.then_train
        request = EnrolRequest(
            person=message.name, source=self.source, count=self.count, window=self.window
        )
        self._from_roster = not message.last
        self.go(self.enrol_quickly(request, train=message.last and message.then_train))

    def heard(self, event: Event) -> None:
        """After a capture from the roster: back to it, with the next one selected."""
        super().heard(event)
        if isinstance(event, JobEnded) and event.job == "enrol" and self._from_roster:
            self._from_roster = False
            if self.screen is self.screen_desk:
                self.action_roster()
