"""What the log and the command line say of a recovery."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk

from engine.contract import ClockChanged, Recovered, WorkspaceUpgraded
from tests.tui.samples import model, person
from tui.words.events import describe, recovery_words


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            Recovered(interrupted="facedesk train (process 7)"),
            "facedesk train (process 7) was cut short. Nothing that was kept is lost.",
        ),
        (
            Recovered(unfinished=1, leftovers=2, finished=("Deleted Anna (1 picture)",)),
            "An earlier run was cut short. Removed: 1 unfinished file. Removed: 2 stray folders. "
            "Finished: Deleted Anna (1 picture). Nothing that was kept is lost.",
        ),
        (
            Recovered(interrupted="facedesk enroll (process 7)", kept=(("Anna", 56),)),
            "facedesk enroll (process 7) was cut short. Not in the model yet: 56 pictures "
            "of Anna. Run `facedesk train`. Nothing that was kept is lost.",
        ),
        (
            Recovered(kept=(("Ada", 1), ("Bo", 2), ("Cy", 3), ("Di", 4), ("Ed", 5))),
            "An earlier run was cut short. Not in the model yet: 1 picture of Ada, "
            "2 pictures of Bo, 3 pictures of Cy and 9 pictures of 2 others. Run `facedesk train`. "
            "Nothing that was kept is lost.",
        ),
        (
            Recovered(failed="The disk is full"),
            "An earlier run was cut short. The rest waits: The disk is full. Nothing that was "
            "kept is lost.",
        ),
    ],
)
def test_a_sentence_for_each_thing_recovered(event: Recovered, words: str) -> None:
    assert recovery_words(event) == words


def test_the_log_pane_shows_it_as_a_warning() -> None:
    line = describe(Recovered(unfinished=3))
    assert line is not None
    assert (line.level, line.text) == ("warning", recovery_words(Recovered(unfinished=3)))


def test_the_log_pane_names_the_key_that_trains_what_was_kept() -> None:
    line = describe(Recovered(kept=(("Anna", 56),)))
    assert line is not None
    assert "56 pictures of Anna. Press t to train." in line.text


async def test_the_next_start_says_what_an_earlier_run_kept(run) -> None:
    rows = (
        person("Ada", pictures=60, untrained=56),
        person("Bo", pictures=9, untrained=9, consent="withdrawn"),
        person("Cy", pictures=9),
    )
    async with run(FakeDesk(rows, (model(current=True),))) as table:
        told = "Not in the model yet: 56 pictures of Ada. Press t to train."
        await table.until(lambda: told in table.log())


def test_the_log_pane_warns_of_a_workspace_that_was_upgraded() -> None:
    line = describe(WorkspaceUpgraded(before=0, now=1))
    assert line is not None
    assert (line.level, "format 0" in line.text) == ("warning", True)


@pytest.mark.parametrize(("back", "words"), [(True, "went back"), (False, "For a day")])
def test_the_log_pane_warns_of_a_clock_that_jumped(back: bool, words: str) -> None:
    jump = ClockChanged(before="2026-11-27T12:00:00+00:00", now="2099-01-01T00:00:00", back=back)
    line = describe(jump)
    assert line is not None
    assert (line.level, words in line.text, "2099-01-01 00:00" in line.text) == (
        "warning",
        True,
        True,
    )
