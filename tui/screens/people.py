"""What the keys about people do: rename, delete, erase, merge, consent, undo, one person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from textual.signal import Signal

from engine.contract.errors import FacedeskError
from engine.contract.people import Answers, Doubts, ErasureUnanswered, Trashed
from engine.text import many
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread
from tui.panes.people import PeoplePane
from tui.screens.dialog import Deletion, DeletionQuestion, confirm
from tui.screens.people_forms import ConsentForm, ConsentRequest, MergeForm, MoveForm, RenameForm
from tui.words.figures import kept_words, purged_words
from tui.words.text import clean

NAMED = 5
"""People named one by one in a question."""


class People:
    """The actions on people."""

    def __init__(self, app: EngineApp, pane: PeoplePane) -> None:
        self.app, self.desk, self.pane = app, app.desk, pane
        self.changed: Signal[str] = Signal(app, "people")
        """Published with the new name, if any, whenever people have changed."""

    async def purge(self) -> None:
        """Empty the trash of what is due. An error of it must not greet the operator."""
        try:
            gone = await in_thread(self.desk.purge)
        except FacedeskError:
            return
        if gone:
            self.app.tell(f"Expired and removed for good: {purged_words(gone)}")

    def refresh(self, name: str = "") -> None:
        """Read people again, and whoever is shown elsewhere (under their new `name`)."""
        self.app.reload()
        self.changed.publish(name)

    async def change(self, call: Callable[[], Trashed]) -> None:
        """One change of people; raises FacedeskError."""
        done = await in_thread(call)
        self.app.tell(done.title, "warning", with_keys("{key.undo} undoes it.") if done.id else "")
        self.pane.unmark()
        self.refresh()

    # --- the list ------------------------------------------------------------------------

    def action_rename(self) -> None:
        """The form for another name of the selected person."""
        person = self.pane.selected
        if person is not None:
            self.rename(person.name, "rename")

    def rename(self, old: str, action: str) -> None:
        """The form for another name, if `action` is possible now."""
        if not self.app.can(action):
            return

        async def rename(new: str) -> None:
            await in_thread(partial(self.desk.rename, old, new))
            self.app.tell(f"{old} is now {new}", "good")
            self.refresh(new)

        self.app.push_screen(RenameForm(rename, name=old))

    def action_delete(self) -> None:
        """Ask, saying what goes and for how long it can come back; then delete."""
        people = self.pane.chosen
        if not self.app.can("delete") or not people:
            return
        names = tuple(person.name for person in people)
        pictures = many(sum(person.pictures for person in people), "picture")
        sessions = many(sum(person.sessions for person in people), "session")
        held = f"{pictures} in {sessions} of {_named(names)}"
        lines = [
            f"{held}, with features and split entries, will be deleted.",
            kept_words(self.desk.settings.trash.keep_days),
        ]
        if any(person.in_model != "no" for person in people):
            whom = "this person" if len(people) == 1 else "them"
            lines.append(f"The model still knows {whom} until you train again.")
        what = names[0] if len(names) == 1 else many(len(names), "person", "people")
        lines.append("Erasing at once leaves no trace, in older models and the trash neither.")

        def answered(answer: Deletion | None) -> None:
            if answer == "trash":
                self.app.go(self.change(partial(self.desk.delete_people, names)))
            elif answer == "erase":
                self._ask_to_erase(names)

        self.app.push_screen(DeletionQuestion(f"Delete {what}?", lines), answered)

    def action_merge(self) -> None:
        """The form for the person who is to be both."""
        pane = self.pane
        people = pane.chosen
        if not self.app.can("merge") or not people:
            return
        if len(people) > 2 or len(pane.rows) < 2:
            self.app.explain("Mark the two people to merge.")
            return
        source, target = people[0], people[1] if len(people) == 2 else None
        if target is not None and target.pictures < source.pictures:
            source, target = target, source  # the one with more pictures stays

        async def merge(to: str) -> None:
            await self.change(partial(self.desk.merge, source.name, to))

        pictures = many(source.pictures, "picture")
        form = MergeForm(
            merge,
            title=f"Merge {source.name}",
            what=f"{pictures} of {source.name} go to the person named here; {source.name} is then "
            "no longer in the list.",
            names=self.others(source.name),
            to=target.name if target else "",
        )
        self.app.push_screen(form)

    def action_consent(self) -> None:
        """The form for the selected person's consent. It opens first: keys that follow are its."""
        person = self.pane.selected
        if person is not None:
            self.note_consent(person.name, "consent")

    def action_undo(self) -> None:
        """Undo the newest change and say what came back."""
        if not self.app.can("undo"):
            return

        async def undo() -> None:
            found = await in_thread(self.desk.undo)
            self.app.tell(f"Undone: {found.title}. {found.back}.", "good")
            self.app.notify(clean(f"{found.back}."), title="Undone", timeout=5, markup=False)
            self.refresh()

        self.app.go(undo())

    def others(self, name: str) -> tuple[str, ...]:
        """The names of all but this person."""
        return tuple(row.name for row in self.pane.rows if row.name != name)

    # --- pictures of one person --------------------------------------------------------------

    def delete_pictures(self, name: str, chosen: Sequence[str], count: int) -> None:
        """Ask; then delete these sessions and pictures ("<session>", "<session>/<file>")."""
        if not self.app.can("delete_pictures") or not chosen:
            return
        pictures = many(count, "picture")
        lines = [
            f"{pictures} of {name}, with features and split entries, will be deleted.",
            kept_words(self.desk.settings.trash.keep_days),
        ]
        call = partial(self.desk.delete_pictures, name, tuple(chosen))
        confirm(
            self.app,
            f"Delete {pictures}?",
            lines,
            yes="Delete (y)",
            no="Keep (n)",
            then=lambda: self.app.go(self.change(call)),
        )

    def move_pictures(self, name: str, chosen: Sequence[str], count: int) -> None:
        """The form for the person whose pictures these are."""
        if not self.app.can("move_pictures") or not chosen:
            return
        wanted = tuple(chosen)

        async def move(to: str) -> None:
            await self.change(partial(self.desk.move_pictures, name, wanted, to))

        pictures = many(count, "picture")
        form = MoveForm(
            move,
            title=f"Move {pictures}",
            what=f"{pictures} of {name} go to the person named here, with their source and time.",
            names=self.others(name),
        )
        self.app.push_screen(form)

    # --- erasing -------------------------------------------------------------------------

    def _ask_to_erase(self, names: Sequence[str]) -> None:
        """The second question, for nothing brings back what is erased."""
        lines = [
            (
                f"{_named(names)}: pictures, features, consent, trash, unknown, "
                "recordings that name them, "
                "copies, reports and their archives below the workspace."
            ),
            "They leave the model at once; older models with them are deleted.",
            "Nothing brings them back. A receipt without the name is written.",
        ]
        erase = partial(self._start_erasing, names, Answers())
        confirm(self.app, "Erase for good?", lines, "Erase (y)", "Keep (n)", erase)

    def _start_erasing(self, names: Sequence[str], answers: Answers) -> None:
        self.app.go(self._erase(names, answers))

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
            self.app.tell(f"{name} is erased", "warning", receipt)
            stays = done.left or done.unread
            self.app.tell(done.receipt.statement, "warning" if stays else "good")
            for path in done.left:
                self.app.tell(f"Still names them or shows them: {path}")
            title = f"{clean(name)} is erased"
            self.app.notify(clean(receipt), title=title, timeout=8, markup=False)
        self.pane.unmark()
        self.refresh()

    def _ask_about(self, doubts: Doubts, names: Sequence[str], answers: Answers) -> None:
        """The questions that the erasure of the first of `names` waits for, one after the other."""

        def erase(**given: Any) -> None:
            self._start_erasing(names, replace(answers, **given))

        def leave_unknown() -> None:
            lines = [f"They may show {doubts.name}, and nobody will know."]
            title = f"Erase {doubts.name}, and leave the unknown?"
            confirm(self.app, title, lines, "Leave them (y)", no, partial(erase, unsure="keep"))

        no = "Erase nothing (n)"
        if doubts.shared:
            lines = _few([each.words for each in doubts.shared])
            lines.append("They keep theirs; what only this person holds is erased.")
            title = f"Others hold pictures of {doubts.name}"
            then = partial(erase, shared_stay=True)
            confirm(self.app, title, lines, "Erase, they keep theirs (y)", no, then)
        elif doubts.unsure:
            lines = _few([each.words for each in doubts.unsure])
            title = f"Unknown people who may be {doubts.name}: erase them too?"
            then, keep = partial(erase, unsure="remove"), "Do not (n)"
            confirm(self.app, title, lines, "Erase them too (y)", keep, then, leave_unknown)

    def note_consent(self, name: str, action: str) -> None:
        """The form for a person's consent, if `action` is possible now."""
        if not self.app.can(action):
            return
        settings = self.desk.settings.consent

        async def note(request: ConsentRequest) -> None:
            if request.withdraw:
                await in_thread(partial(self.desk.withdraw_consent, name))
                self.app.tell(f"{name} took their consent back", "warning")
            else:
                call = partial(self.desk.note_consent, name, request.by, request.text_version)
                await in_thread(call)
                self.app.tell(f"{name} agreed to text {request.text_version}", "good")
            self.refresh()

        form = ConsentForm(note, name=name, settings=settings)
        self.app.push_screen(form)
        self.app.go(self._show_consent(form, name))

    async def _show_consent(self, form: ConsentForm, name: str) -> None:
        facts = await in_thread(partial(self.desk.person_facts, name))
        form.show(facts.consent)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(map(clean, names[:NAMED]))
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def _few(lines: Sequence[str]) -> list[str]:
    """The first lines of a long list, and how many more there are."""
    more = f"and {len(lines) - NAMED} more"
    return [*lines[:NAMED], more] if len(lines) > NAMED else [*lines]
