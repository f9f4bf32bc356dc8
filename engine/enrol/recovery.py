"""What a run that was killed left behind, put in order before anything new is written.

Whatever is written appears whole, so there is little to do: unfinished files go, a change in the
trash that had begun is finished, and what belongs to nobody goes. The caller holds
`Workspace.writer`, and says what it got from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from engine.enrol.folders import SESSION_FILE
from engine.enrol.people import People, utc_now
from engine.enrol.strangers import StrangerArea
from engine.enrol.trash import Trash
from engine.errors import DataError
from engine.events import Recovered
from engine.files import read_json, write_json
from engine.workspace import Workspace


def recover(workspace: Workspace, interrupted: str = "") -> Recovered | None:
    """Put the workspace in order; None if everything was and the last writer came to its end.

    `interrupted` is what `Workspace.writer` yielded. What cannot be done, for want of space
    perhaps, waits for the next time: a full disk must not keep anybody from emptying it.
    """
    failed = ""

    def attempt(step: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        nonlocal failed
        try:
            return step()
        except DataError as error:
            failed = failed or str(error)
            return ()

    # In this order: a change may need what tidying would take for a leftover.
    unfinished = attempt(workspace.recover)
    finished = attempt(Trash(workspace).recover)
    leftovers: tuple[str, ...] = ()
    if not failed:
        strangers = People(StrangerArea(workspace))
        leftovers = attempt(People(workspace).tidy) + attempt(strangers.tidy)
        leftovers += attempt(lambda: _nameless(strangers))
    kept: Counter[str] = Counter()
    if interrupted and not failed:
        attempt(lambda: _close_sessions(People(workspace), kept))
    if not (interrupted or unfinished or finished or leftovers or failed):
        return None
    return Recovered(
        interrupted=interrupted,
        unfinished=len(unfinished),
        leftovers=len(leftovers),
        finished=finished,
        kept=tuple(kept.items()),
        failed=failed,
    )


def _close_sessions(people: People, kept: Counter[str]) -> tuple[str, ...]:
    """Write down that sessions without an end were cut short, so that it is told once; `kept` gets
    how many pictures each person has of them."""
    for person in people.list():
        for session in person.sessions:
            file = people.session_directory(person.slug, session.id) / SESSION_FILE
            try:
                head = read_json(file)
            except (FileNotFoundError, DataError):
                continue  # somebody's hand, which is told by who reads the session
            if isinstance(head, dict) and "outcome" not in head:
                count = len(session.pictures)
                end = {"ended": utc_now(), "outcome": "cut_short", "captured": count}
                write_json(file, {**head, **end})
                kept[person.name] += count
    return tuple(kept)


def _nameless(strangers: People) -> tuple[str, ...]:
    """Remove groups of strangers without a picture: nobody is noted there before they are seen."""
    return tuple(each.slug for each in strangers.list() if strangers.discard_if_empty(each))
