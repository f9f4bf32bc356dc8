"""Embeddings of the operator's own strangers, from real files, with crops embedded as painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Event, FeaturesProgress, Notice
from engine.contract.errors import Remedy
from engine.jobs.material import ready_strangers, stranger_embeddings
from engine.model.face_space import FaceSpace
from engine.model.vectors import ImpostorCurve
from engine.model.vgg16 import ROW
from engine.people.permission import NOTHING_NEW, enrolled
from engine.people.registry import People, StrangerArea
from engine.workspace.folder import Workspace
from tests.people.captures import captured, grey

DIMS = 8


class Brightness:
    """Extracts a crop's first pixel; counts the crops."""

    digest = "brightness"
    length = ROW
    crops = 0

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.crops += len(crops)
        return np.repeat(crops[:, :1, 0, 0].astype(np.float32), ROW, axis=1)


@pytest.fixture
def space() -> FaceSpace:
    projection = np.random.default_rng(1).normal(size=(ROW, DIMS)).astype(np.float32)
    return FaceSpace(
        np.zeros(ROW, np.float32),
        projection,
        np.ones(DIMS, np.float32),
        np.eye(DIMS, dtype=np.float32),
        impostors=ImpostorCurve(np.array([1.0, 0.5]), np.array([0.0, 0.1])),
    )


def add(workspace: Workspace, name: str, *shades: int) -> list[Path]:
    """A session of one stranger, a picture a shade of grey."""
    people = People(StrangerArea(workspace))
    folder = captured(people, enrolled(people, name, NOTHING_NEW)[0], map(grey, shades), "clip")
    return [folder / f"{number + 1:04d}.png" for number in range(len(shades))]


def test_pictures_are_grouped_by_stranger_over_sessions(
    workspace: Workspace, space: FaceSpace
) -> None:
    add(workspace, "Bea", 10, 20)
    add(workspace, "Abe", 30)
    add(workspace, "Bea", 40)
    found = stranger_embeddings(workspace, Brightness(), space, Cancel(), lambda event: None)
    assert found.names == ("Abe", "Bea")
    assert found.groups.tolist() == [0, 1, 1, 1]
    assert found.embeddings.shape == (4, DIMS)
    assert found.embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.embeddings, axis=1), 1, atol=1e-5)


def test_features_of_strangers_are_computed_once_and_kept_apart(
    workspace: Workspace, space: FaceSpace
) -> None:
    add(workspace, "Bea", 10, 20)
    extractor = Brightness()
    events: list[Event] = []
    first = stranger_embeddings(workspace, extractor, space, Cancel(), events.append)
    second = stranger_embeddings(workspace, extractor, space, Cancel(), events.append)
    assert extractor.crops == 2
    np.testing.assert_array_equal(first.embeddings, second.embeddings)
    assert events[-1] == FeaturesProgress(done=2, total=2, cached=2)
    assert len(list(workspace.stranger_features.rglob("*.npz"))) == 1
    assert not list(workspace.features.rglob("*.npz"))


def test_without_strangers_there_is_an_empty_set_and_no_progress(
    workspace: Workspace, space: FaceSpace
) -> None:
    events: list[Event] = []
    found = stranger_embeddings(workspace, Brightness(), space, Cancel(), events.append)
    assert (len(found), found.embeddings.shape, events) == (0, (0, DIMS), [])


def test_who_is_enrolled_is_no_stranger(workspace: Workspace, space: FaceSpace) -> None:
    add(workspace, "Bea", 10)
    add(workspace, "Abe", 20)
    People(workspace).add("BEA")
    events: list[Event] = []
    found = stranger_embeddings(workspace, Brightness(), space, Cancel(), events.append)
    assert found.names == ("Abe",)
    assert any(isinstance(event, Notice) and "Bea" in event.text for event in events)


def test_a_start_takes_what_is_there_and_tells_what_is_missing(
    workspace: Workspace, space: FaceSpace
) -> None:
    add(workspace, "Bea", 10)
    stranger_embeddings(workspace, Brightness(), space, Cancel(), lambda event: None)
    add(workspace, "Abe", 20, 30)
    events: list[Event] = []
    found = ready_strangers(workspace, Brightness(), space, events.append)
    assert (found.names, found.groups.tolist()) == (("Bea",), [0])
    said = [(event.text, event.hint) for event in events if isinstance(event, Notice)]
    assert said == [("The model has not seen 2 pictures of strangers yet.", Remedy.TRAIN)]


def test_a_damaged_picture_of_a_stranger_stops_no_recognition(
    workspace: Workspace, space: FaceSpace
) -> None:
    (picture,) = add(workspace, "Bea", 10)
    stranger_embeddings(workspace, Brightness(), space, Cancel(), lambda event: None)
    picture.write_bytes(b"no picture")
    events: list[Event] = []
    found = ready_strangers(workspace, Brightness(), space, events.append)
    assert len(found) == 0
    assert len(events) == 1
