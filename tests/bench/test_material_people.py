from __future__ import annotations

import numpy as np

from engine.bench.material import Counting, crops_of, enrol_made_up
from engine.model.face_space import FaceSpace
from engine.model.feature_store import augment_view
from engine.people.registry import People
from engine.pictures import decode_crop
from engine.workspace.folder import Workspace


def test_made_up_people_are_enrolled_with_pictures_that_can_be_read(workspace: Workspace) -> None:
    enrol_made_up(workspace, 3, people=2, pictures=4)
    people = People(workspace)
    assert [person.name for person in people.list()] == ["Made Up 0003", "Made Up 0004"]
    for number, person in enumerate(people.list(), 3):
        crops = [decode_crop(path) for path in people.pictures(person)]
        np.testing.assert_array_equal(crops, crops_of(number, 4))


def test_the_stand_in_tells_people_apart_and_knows_their_views() -> None:
    space = FaceSpace.load()
    network = Counting(space)
    one, other = crops_of(1, 2), crops_of(2, 1)
    view = augment_view(one[0], 1, 1)[None]
    rows = space.embed(network.extract(np.concatenate([one, view, other])))
    likeness = rows @ rows[0]
    assert likeness[1] > 0.9
    assert likeness[2] > likeness[3] + 0.2
    assert network.crops == 4
