"""What the keys about people do: delete, merge, move, consent, undo, and the person's screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from engine.contract.errors import FacedeskError, PersonNotFound, PersonUnreadable
from engine.contract.people import Answers, Doubts, ErasureUnanswered, Trashed
from engine.contract.requests import PersonRow
from engine.text import many
from tui.link import in_thread
from tui.screens.dialog import Confirm, Deletion, DeletionQuestion
from tui.screens.evaluation import EvaluationApp
from tui.screens.forms import RenameForm
from tui.screens.person import (
    ConsentForm,
    ConsentRequest,
    ExportForm,
    MergeForm,
    MoveForm,
    PersonScreen,
)
from tui.words.figures import kept_words, purged_words
from tui.words.text import clean

NAMED = 5
"""People named one by one in a question."""


class PeopleApp(EvaluationApp):
    """The actions on people and their pictures."""

    @property
    def screen_person(self) -> PersonScreen | None:
        """The person's screen if it is open, perhaps under a form."""
        return next((s for s in self.screen_stack if isinstance(s, PersonScreen)), None)

    def engine_started(self) -> None:
        """Empty the trash of what is due. Trouble with it must not greet the operator."""

        async def purge() -> None:
            try:
                gone = await in_thread(self.desk.purge)
            except FacedeskError:
                return
            if gone:
                self.tell(f"Expired and removed for good: {purged_words(gone)}")

        self.go(purge())

    def refresh_people(self, name: str = "") -> None:
        """Read people again, and the person whose screen is open (under their new `name`)."""
        self.reload()
        screen = self.screen_person
        if screen is not None:
            self.go(self._refresh_person(screen, name or screen.person))

    async def _refresh_person(self, screen: PersonScreen, name: str) -> None:
        try:
            facts = await in_thread(partial(self.desk.person_facts, name))
        except (PersonNotFound, PersonUnreadable) as error:
            if screen is self.screen:
                screen.dismiss(None)
            if isinstance(error, PersonUnreadable):
                raise
        else:
            if screen.is_mounted:
                screen.show(facts)

    async def _change(self, call: Callable[[], Trashed]) -> None:
        """One change of people; raises FacedeskError."""
        done = await in_thread(call)
        self.tell(done.title, "warning", "u undoes it." if done.id else "")
        self.screen_desk.people.unmark()
        self.refresh_people()

    # --- the list ------------------------------------------------------------------------

    def action_search_people(self) -> None:
        """Open the search line of the people list."""
        self.screen_desk.people.search()

    def action_sort_people(self) -> None:
        """Sort the people another way."""
        self.screen_desk.people.sort_next()

    def action_mark_person(self) -> None:
        """Mark or unmark the selected person."""
        self.screen_desk.people.toggle_mark()

    def action_person(self) -> None:
        """Open the selected person's screen. It reads then: keys that follow are for it."""
        person = self.screen_desk.people.selected
        if person is not None and self.screen_person is None:
            screen, name = PersonScreen(person.name, self.desk.settings.consent), person.name
            shown = self.push_screen(screen)

            async def read() -> None:
                await shown
                await self._refresh_person(screen, name)

            self.go(read())

    def action_delete(self) -> None:
        """Ask, saying what goes and for how long it can come back; then delete."""
        people = self.screen_desk.people.chosen
        if not self.can("delete") or not people:
            return
        names = tuple(person.name for person in people)
        pictures = sum(person.pictures for person in people)
        sessions = sum(person.sessions for person in people)
        lines = [
            (
                "{pictures} in {sessions} of {names}, with features and split entries, "
                "will be deleted."
            ).format(
                pictures=many(pictures, "picture"),
                sessions=many(sessions, "session"),
                names=_named(names),
            ),
            kept_words(self.desk.settings.trash.keep_days),
        ]
        if any(person.in_model != "no" for person in people):
            lines.append(
                "The model still knows this person until you train again with t."
                if len(people) == 1
                else "The model still knows them until you train again with t."
            )
        title = "Delete {what}?".format(
            what=names[0] if len(names) == 1 else many(len(names), "person", "people")
        )
        lines.append("Erasing at once leaves no trace, in older models and the trash neither.")

        def answered(answer: Deletion | None) -> None:
            if answer == "trash":
                self.go(self._change(partial(self.desk.delete_people, names)))
            elif answer == "erase":
                self._ask_to_erase(names)

        self.push_screen(DeletionQuestion(title, lines), answered)

    def action_merge(self) -> None:
        """The form for the person who is to be both."""
        pane = self.screen_desk.people
        people = pane.chosen
        if not self.can("merge") or not people:
            return
        if len(people) > 2 or len(pane.rows) < 2:
            self.explain("Merging takes two people: mark two, or select one and press g.")
            return
        source, target = people[0], people[1] if len(people) == 2 else None
        if target is not None and target.pictures < source.pictures:
            source, target = target, source  # the one with more pictures stays

        async def merge(to: str) -> None:
            await self._change(partial(self.desk.merge, source.name, to))

        form = MergeForm(
            merge,
            title=f"Merge {source.name}",
            what=(
                "{pictures} of {name} go to the person named here; {name} is then no "
                "longer in the list."
            ).format(pictures=many(source.pictures, "picture"), name=source.name),
            names=_others(pane.rows, source.name),
            to=target.name if target else "",
        )
        self.push_screen(form)

    def action_consent(self) -> None:
        """The form for the selected person's consent. It opens first: keys that follow are its."""
        person = self.screen_desk.people.selected
        if self.can("consent") and person is not None:
            self._note_consent(person.name)

    # --- the person's screen -------------------------------------------------------------

    def action_delete_pictures(self) -> None:
        """Ask; then delete the chosen pictures."""
        screen = self.screen_person
        if screen is None or not self.can("delete_pictures") or not screen.chosen:
            return
        count = many(screen.pictures, "picture")
        lines = [
            f"{count} of {screen.person}, with features and split entries, will be deleted.",
            kept_words(self.desk.settings.trash.keep_days),
        ]
        call = partial(self.desk.delete_pictures, screen.person, screen.chosen)
        self._ask_to_delete(f"Delete {count}?", lines, call)

    def action_move_pictures(self) -> None:
        """The form for the person whose pictures these are."""
        screen = self.screen_person
        if screen is None or not self.can("move_pictures") or not screen.chosen:
            return
        name, chosen = screen.person, screen.chosen

        async def move(to: str) -> None:
            await self._change(partial(self.desk.move_pictures, name, chosen, to))

        count = many(screen.pictures, "picture")
        form = MoveForm(
            move,
            title=f"Move {count}",
            what=f"{count} of {name} go to the person named here, with their source and time.",
            names=_others(self.screen_desk.people.rows, name),
        )
        self.push_screen(form)

    def action_consent_here(self) -> None:
        """The form for this person's consent."""
        screen = self.screen_person
        if screen is not None and self.can("consent_here"):
            self._note_consent(screen.person)

    def action_rename_here(self) -> None:
        """The form for this person's other name."""
        screen = self.screen_person
        if screen is None or not self.can("rename_here"):
            return
        old = screen.person

        async def rename(new: str) -> None:
            await in_thread(partial(self.desk.rename, old, new))
            self.tell(f"{old} is now {new}", "good")
            self.refresh_people(new)

        self.push_screen(RenameForm(rename, name=old))

    # --- anywhere ------------------------------------------------------------------------

    def action_undo(self) -> None:
        """Undo the newest change and say what came back."""
        if not self.can("undo"):
            return

        async def undo() -> None:
            found = await in_thread(self.desk.undo)
            self.tell(f"Undone: {found.title}. {found.back}.", "good")
            self.notify(clean(f"{found.back}."), title="Undone", timeout=5, markup=False)
            self.refresh_people()

        self.go(undo())

    # --- shared --------------------------------------------------------------------------

    def _ask_to_erase(self, names: Sequence[str]) -> None:
        """The second question, for nothing brings back what is erased."""

        def answered(yes: bool | None) -> None:
            if yes:
                self.go(self._erase(names, Answers()))

        lines = [
            (
                f"{_named(names)}: pictures, features, consent, trash, inbox, "
                "recordings that name them, "
                "copies, reports and their archives below the workspace."
            ),
            "They leave the model at once; older models with them are deleted.",
            "Nothing brings them back. A receipt without the name is written.",
        ]
        ask = Confirm("Erase for good?", lines, yes="Erase (y)", no="Keep (n)")
        self.push_screen(ask, answered)

    async def _erase(self, names: Sequence[str], answers: Answers) -> None:
        """Erase these, one by one; `answers` are about the first. What is open is asked."""
        for place, name in enumerate(names):
            try:
                done = await in_thread(partial(self.desk.erase, name, "", answers))
            except ErasureUnanswered as open_:
                self._ask_about(open_.doubts, names[place:], answers)
                break
            answers = Answers()
            receipt = f"Receipt {done.receipt.id}: {done.file}"
            self.tell(f"{name} is erased", "warning", receipt)
            stays = done.left or done.unread
            self.tell(done.receipt.statement, "warning" if stays else "good")
            for path in done.left:
                self.tell(f"Still names them or shows them: {path}")
            self.notify(
                clean(receipt), title=f"{clean(name)} is erased", timeout=8,
                markup=False,
            )  # fmt: skip
        self.screen_desk.people.unmark()
        self.refresh_people()

    def _ask_about(self, doubts: Doubts, names: Sequence[str], answers: Answers) -> None:
        """The questions that the erasure of the first of `names` waits for, one after the other."""

        def go_on(answers: Answers) -> None:
            self.go(self._erase(names, answers))

        def others(yes: bool | None) -> None:
            if yes:
                go_on(replace(answers, shared_stay=True))

        def too(yes: bool | None) -> None:
            if yes:
                go_on(replace(answers, unsure="remove"))
            elif yes is not None:
                lines = [f"They may show {doubts.name}, and nobody will know."]
                title = f"Erase {doubts.name}, and leave the unknown?"
                self.push_screen(Confirm(title, lines, "Leave them (y)", no), stay)

        def stay(yes: bool | None) -> None:
            if yes:
                go_on(replace(answers, unsure="keep"))

        no = "Erase nothing (n)"
        if doubts.shared:
            told = [each.words for each in doubts.shared]
            title = f"Others hold pictures of {doubts.name}"
            told = [*_few(told), "They keep theirs; what only this person holds is erased."]
            self.push_screen(Confirm(title, told, "Erase, they keep theirs (y)", no), others)
        elif doubts.unsure:
            told = _few([each.words for each in doubts.unsure])
            title = f"Unknown people who may be {doubts.name}: erase them too?"
            keep = "Do not (n)"
            self.push_screen(Confirm(title, told, "Erase them too (y)", keep), too)

    def action_export_here(self) -> None:
        """The form for the file of all that is held on this person."""
        screen = self.screen_person
        if screen is None:
            return
        name = screen.person

        async def write(file: str) -> None:
            done = await in_thread(partial(self.desk.export_person, name, file))
            written = "{name}: {files} in {file}, not encrypted".format(
                name=name, files=many(done.files, "file"), file=done.file
            )
            self.tell(written, "good")
            self.notify(clean(written), timeout=8, markup=False)

        self.push_screen(ExportForm(write, name=name))

    def _ask_to_delete(self, title: str, lines: Sequence[str], call: Callable[[], Trashed]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.go(self._change(call))

        ask = Confirm(title, lines, yes="Delete (y)", no="Keep (n)")
        self.push_screen(ask, answered)

    def _note_consent(self, name: str) -> None:
        settings = self.desk.settings.consent

        async def note(request: ConsentRequest) -> None:
            if request.withdraw:
                await in_thread(partial(self.desk.withdraw_consent, name))
                self.tell(f"{name} took their consent back", "warning")
            else:
                call = partial(self.desk.note_consent, name, request.by, request.text_version)
                await in_thread(call)
                self.tell(
                    f"{name} agreed to text {request.text_version}",
                    "good",
                )
            self.refresh_people()

        form = ConsentForm(note, name=name, settings=settings)
        self.push_screen(form)
        self.go(self._tell_form(form, name))

    async def _tell_form(self, form: ConsentForm, name: str) -> None:
        facts = await in_thread(partial(self.desk.person_facts, name))
        form.show(facts.consent)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(map(clean, names[:NAMED]))
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def _few(lines: Sequence[str]) -> list[str]:
    """The first lines of a long list, and how many more there are."""
    more = f"and {len(lines) - NAMED} more"
    return [*lines[:NAMED], more] if len(lines) > NAMED else [*lines]


def _others(rows: Sequence[PersonRow], name: str) -> tuple[str, ...]:
    return tuple(row.name for row in rows if row.name != name)
