"""The whole life of a person with the real network and a real clip; then no byte is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from byte_search import hits, needles_of
from desk_driver import started, wait_unlocked

from engine.config import load_settings
from engine.enrol.people import People
from engine.service.client import LocalDesk
from engine.service.protocol import (
    EnrolRequest,
    EvaluateRequest,
    RecogniseRequest,
    TrainRequest,
)
from engine.workspace import Workspace

pytestmark = [pytest.mark.shared, pytest.mark.slow]
NAME, SLUG = "Zora Quillfeather", "zora-quillfeather"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[LocalDesk]:
    made = LocalDesk(Workspace(tmp_path / "w"), load_settings())
    yield made
    made.close()


def test_after_erasing_by_the_app_no_byte_tells_of_the_person(desk: LocalDesk, clips: Path) -> None:
    heard = started(desk)
    woman, man = str(clips / "woman_a.mp4"), str(clips / "man_b.mp4")
    for name, source in ((NAME, woman), ("Bob Stone", man), ("Eileen Collins", "demo:collins")):
        heard.forget()
        desk.enrol(EnrolRequest(person=name, source=source, count=14, pace="fast", consent="Desk"))
        assert heard.wait_end("enrol").outcome == "done"
    for _ in range(2):
        heard.forget()
        desk.train(TrainRequest(epochs=2))
        assert heard.wait_end("train").outcome == "done"
    heard.forget()
    desk.evaluate(EvaluateRequest())
    assert heard.wait_end("evaluate").outcome == "done"
    desk.inbox_switch(True)
    for source in (woman, str(clips / "grid_1.mpg")):
        heard.forget()
        desk.recognise(RecogniseRequest(source=source, pace="fast"))
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
    heard.forget()
    desk.recognise(RecogniseRequest(source=woman, pace="fast"))
    ended = heard.wait_end("recognise")
    assert ended.outcome == "done"
    desk.close()
    wait_unlocked(workspace)
    assert hits(workspace.root, needles) == []
