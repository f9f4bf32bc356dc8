"""The whole life of a person with the real network and a real clip; then no byte is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from byte_search import hits, needles_of
from desk_driver import Collector, started, wait_unlocked

from engine.config import load_settings
from engine.contract import FaceSeen
from engine.contract.requests import EnrolRequest, EvaluateRequest, RecogniseRequest, TrainRequest
from engine.desk.local import LocalDesk
from engine.people.registry import People
from engine.workspace.folder import Workspace

pytestmark = [
    pytest.mark.shared,
    # Most of it is the network's time; test_erasure.py lives the same life without one.
    pytest.mark.long,
    pytest.mark.skipif(os.environ.get("FACEDESK_LONG") != "full", reason="runs in make test-full"),
]
NAME, SLUG = "Zora Quillfeather", "zora-quillfeather"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[LocalDesk]:
    made = LocalDesk(Workspace(tmp_path / "w"), load_settings())
    yield made
    made.close()


def watched(
    desk: LocalDesk, heard: Collector, source: str, enough: Callable[[FaceSeen], bool]
) -> list[FaceSeen]:
    """The faces of a recognition that is ended as soon as one is enough."""
    heard.forget()
    desk.recognise(RecogniseRequest(source=source, pace="fast"))
    heard.wait(FaceSeen, enough)
    desk.stop("recognise")
    assert heard.wait_end("recognise").outcome == "stopped"
    return heard.of(FaceSeen)


def test_after_erasing_by_the_app_no_byte_tells_of_the_person(desk: LocalDesk, clips: Path) -> None:
    heard = started(desk)
    woman, man = str(clips / "woman_a.mp4"), str(clips / "man_b.mp4")
    for name, source in ((NAME, woman), ("Bob Stone", man), ("Eileen Collins", "demo:collins")):
        heard.forget()
        desk.enrol(EnrolRequest(person=name, source=source, count=14, pace="fast", consent="Desk"))
        assert heard.wait_end("enrol").outcome == "done"
    for _ in range(2):
        heard.forget()
        desk.train(TrainRequest(options={"epochs": 2}))
        assert heard.wait_end("train").outcome == "done"
    heard.forget()
    desk.evaluate(EvaluateRequest())
    assert heard.wait_end("evaluate").outcome == "done"
    desk.unknown_switch(True)
    assert watched(desk, heard, woman, lambda event: event.person == NAME)
    heard.forget()
    desk.recognise(RecogniseRequest(source=str(clips / "grid_1.mpg"), pace="fast"))
    assert heard.wait_end("recognise").outcome == "done"
    desk.delete_people([NAME])
    desk.undo()
    workspace = Workspace(desk.workspace)
    sessions = [session.id for session in People(workspace).get(NAME).sessions]
    needles = needles_of(workspace, SLUG, [NAME, SLUG, *sessions])
    assert hits(workspace.root, needles)
    erased = desk.erase(NAME)
    assert erased.left == ()
    assert erased.receipt.removed["pictures"] == 14
    assert erased.receipt.model == "made anew"
    assert hits(workspace.root, needles) == []
    seen = watched(desk, heard, woman, lambda event: event.decision != "unsure")
    assert NAME not in {event.person for event in seen}
    desk.close()
    wait_unlocked(workspace)
    assert hits(workspace.root, needles) == []
