"""Strangers of a real clip, seen by the real engine: kept, grouped, assigned, and undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desk_driver import Collector, started

from engine.config import load_settings
from engine.contract import FaceSeen, UnknownChanged, Why
from engine.contract.requests import RecogniseRequest
from engine.desk.local import LocalDesk
from tests.templates import copy_of

pytestmark = pytest.mark.shared

FRAMES = 40
"""Of a clip's 75: enough for a stranger to settle, and for two crops 0.8 s apart."""


@pytest.fixture(scope="module")
def desk(demo_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDesk]:
    """A desk on a workspace of two people and their model."""
    made = LocalDesk(
        copy_of(demo_trained, tmp_path_factory.mktemp("unknown") / "w"), load_settings()
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def watched(
    desk: LocalDesk, clips: Path, cut: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Collector:
    """Clips of strangers watched with the unknown list on."""
    heard = started(desk)
    desk.unknown_switch(True)
    folder = tmp_path_factory.mktemp("clips")
    for clip in ("grid_1", "grid_1", "grid_2"):
        part = cut(clips / f"{clip}.mpg", folder / f"{clip}.mp4", FRAMES)
        heard.forget()
        desk.recognise(RecogniseRequest(source=str(part), pace="fast"))
        assert heard.wait_end("recognise").outcome == "done"
        assert not heard.wait(UnknownChanged).why
    return heard


def test_strangers_of_a_clip_are_kept_grouped_assigned_and_undone(
    desk: LocalDesk, watched: Collector
) -> None:
    people = {row.name for row in desk.people()}
    view = desk.unknown()
    (first,) = _of(view, "grid_1")
    (second,) = _of(view, "grid_2")
    assert (len(first.sightings), len(second.sightings)) == (2, 1)
    assert all(group.score < group.threshold for group in view.groups)
    assert {group.candidate for group in view.groups} <= people
    assert desk.picture(first.picture).startswith(b"\x89PNG")

    desk.unknown_assign(first.sightings, "Talker One", new=True)
    desk.unknown_stranger(second.sightings, second.candidate)
    assert {row.name: row.pictures for row in desk.people()}["Talker One"] == first.crops
    assert desk.unknown().groups == ()

    desk.unknown_undo()
    desk.unknown_undo()
    assert {row.name for row in desk.people()} == people
    assert desk.unknown().groups == view.groups


def test_a_decision_is_explained_with_the_nearest_enrolled_crops(
    desk: LocalDesk, watched: Collector
) -> None:
    last = watched.of(FaceSeen)[-1]
    desk.why(None)
    why = watched.wait(Why)
    assert (why.track, why.score, why.decision) == (last.track, last.score, last.decision)
    assert why.compared >= 20
    likeness = [cosine for _, _, cosine in why.nearest]
    assert len(likeness) == 3
    assert likeness == sorted(likeness, reverse=True)
    for person, path, _ in why.nearest:
        assert person in {row.name for row in desk.people()}
        assert (desk.workspace / path).is_file()


def _of(view, clip: str):
    return [group for group in view.groups if clip in group.source]
