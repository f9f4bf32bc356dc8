"""No picture of an erased person stays among the kept strangers, whatever anybody was named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.bench.material import crops_of
from engine.cancel import Cancel
from engine.contract import Sighted
from engine.contract.errors import DataError
from engine.contract.people import Answers, Erased, ErasureUnanswered
from engine.contract.requests import EnrolRequest
from engine.desk.local import LocalDesk
from engine.jobs.enrol import enrol as capture
from engine.model.arrays import pack
from engine.model.backbones import Backbone
from engine.model.feature_store import cached_arrays
from engine.people import changes
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.pictures import decode_crop, encode_png
from engine.rights import doubts
from engine.rights.erase import erase
from engine.settings import Settings, UnknownSettings
from engine.workspace.folder import Workspace
from tests.desk.desk_driver import started

ANN, BOB = "Ann Sour", "Bob Ray"
UNKNOWN = UnknownSettings()
Crops = NDArray[np.uint8]


def enrol(workspace: Workspace, name: str, number: int, count: int = 12) -> None:
    people = People(workspace)
    person = people.add(name)
    folder = people.session_directory(person.slug, people.new_session(person, "folder", "points"))
    for file, crop in enumerate(crops_of(number, count), 1):
        (folder / f"{file:04d}.png").write_bytes(encode_png(crop))


def seen(crops: Crops, candidate: str = "", embeddings: Sequence[Sequence[float]] = (),
         backbone: Backbone | None = None) -> Sighted:  # fmt: skip
    """A stranger with these crops, as recognition with another network kept it; with `backbone`
    by that one, with these embeddings."""
    pictures = {f"{n + 1:04d}.png": encode_png(crop) for n, crop in enumerate(crops)}
    rows = np.asarray(embeddings or np.eye(len(crops), 20), np.float32)
    features = pack({**cached_arrays(pictures, rows), "embeddings": rows})
    parts = (*pictures.values(), features)
    return Sighted(
        source="cam", track=1, candidate=candidate, score=0.1, threshold=0.3,
        shots=tuple((n, n / 2, (1, 2, 90, 90), True, 120.0, 300.0) for n in range(len(crops))),
        extractor=backbone.extractor.digest if backbone else "0" * 64,
        space=backbone.space.digest if backbone else "1" * 64,
        sizes=tuple(map(len, parts)), payload=b"".join(parts), run="", beside=(),
    )  # fmt: skip


def others(number: int, count: int = 3) -> Crops:
    """Pictures of made-up person `number` that nobody is enrolled with."""
    return crops_of(number, 40)[-count:]


def erased(
    workspace: Workspace, backbone: Backbone, answers: Answers = Answers()  # noqa: B008
) -> Erased:  # fmt: skip
    def compare(ids: tuple[str, ...]) -> doubts.Scores:
        return doubts.measure(workspace, ids, lambda: backbone)

    return erase(workspace, ANN, answers=answers, compare=compare)


def test_a_stranger_of_before_the_person_was_trained_goes(
    workspace: Workspace, backbone: Backbone
) -> None:
    unknown = UnknownStore(workspace, UNKNOWN)
    unknown.add(seen(others(1)))  # nobody was enrolled: no name, no centre, another network
    other = unknown.add(seen(others(2), candidate=ANN))
    enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 3)
    done = erased(workspace, backbone)
    assert done.receipt.removed["sightings of unknowns"] == 1
    (stays,) = unknown.sightings()
    # It was like her to a model once, and is not her: it stays, and the name goes.
    assert (stays.id, stays.candidate) == (other, "")
    assert done.left == ()
    assert "found no name" in done.receipt.statement


def test_a_stranger_who_was_deleted_and_lies_in_the_trash_goes_and_others_come_back(
    workspace: Workspace, backbone: Backbone
) -> None:
    unknown, choices = UnknownStore(workspace, UNKNOWN), Choices(workspace, UNKNOWN)
    hers = [unknown.add(seen(others(1))), unknown.add(seen(others(1, 5)[:2]))]
    his = unknown.add(seen(others(2), candidate=ANN))
    choices.delete([hers[0], his])
    choices.delete([hers[1]])
    enrol(workspace, ANN, 1)
    done = erased(workspace, backbone)
    assert done.receipt.removed["sightings of unknowns"] == 2
    (change,) = Trash(workspace).changes()
    assert (change.title, change.pictures) == ("Deleted 1 unknown", 3)
    pictures = list(workspace.trash.rglob("*.png"))
    assert len(pictures) == 3
    choices.undo()
    assert [each.id for each in unknown.sightings()] == [his]


def test_a_person_who_lies_in_the_trash_is_compared_as_well(
    workspace: Workspace, backbone: Backbone
) -> None:
    unknown = UnknownStore(workspace, UNKNOWN)
    unknown.add(seen(others(1)))
    enrol(workspace, ANN, 1)
    changes.delete_people(workspace, [ANN], 30)
    assert erased(workspace, backbone).receipt.removed["sightings of unknowns"] == 1
    assert unknown.count() == 0


def test_whom_the_operator_made_an_enrolled_person_stays_theirs(
    workspace: Workspace, backbone: Backbone
) -> None:
    """Twins: Bob's pictures look like Ann's, and somebody said that they are Bob's."""
    unknown, choices = UnknownStore(workspace, UNKNOWN), Choices(workspace, UNKNOWN)
    enrol(workspace, ANN, 1)
    choices.assign([unknown.add(seen(others(1)))], BOB, new=True)
    done = erased(workspace, backbone)
    assert done.receipt.removed["sightings of unknowns"] == 0
    assert People(workspace).get(BOB).pictures == 3
    assert choices.undo().title == "Unknown is Bob Ray"
    assert unknown.count() == 1


@pytest.mark.parametrize(("answer", "stay"), [("keep", 1), ("remove", 0)])
def test_a_stranger_of_your_own_with_the_same_face_is_asked_about(
    workspace: Workspace, backbone: Backbone, answer: str, stay: int
) -> None:
    """Somebody said "a stranger" before she was enrolled: it is her face all the same."""
    unknown, choices = UnknownStore(workspace, UNKNOWN), Choices(workspace, UNKNOWN)
    choices.stranger([unknown.add(seen(others(1)))])
    (first,) = (each.slug for each in People(StrangerArea(workspace)).list())
    choices.stranger([unknown.add(seen(others(2)))])
    (second,) = {each.slug for each in People(StrangerArea(workspace)).list()} - {first}
    enrol(workspace, ANN, 1)
    with pytest.raises(ErasureUnanswered) as stopped:
        erased(workspace, backbone)
    assert [(e.place, e.why) for e in stopped.value.doubts.unsure] == [
        (f"strangers/{first}", "alike")
    ]
    done = erased(workspace, backbone, Answers(unsure=answer))  # type: ignore[arg-type]
    left = {each.slug for each in People(StrangerArea(workspace)).list()}
    assert left == {second} | ({first} if stay else set())
    assert len(list(workspace.root.rglob("*.png"))) == 6 * (1 + stay)
    assert ("found no" in done.receipt.statement) == (not stay)


@pytest.mark.parametrize(("answer", "stay"), [("keep", 1), ("remove", 0)])
def test_who_may_be_the_person_is_listed_for_an_answer(
    workspace: Workspace, backbone: Backbone, answer: str, stay: int
) -> None:
    enrol(workspace, ANN, 1)
    rows = backbone.space.embed(backbone.extractor.extract(crops_of(1, 12)))
    centre = rows.mean(0) / np.linalg.norm(rows.mean(0))
    far = np.eye(len(centre), dtype=np.float32)[0]
    far -= (far @ centre) * centre
    far /= np.linalg.norm(far)
    # The mean cosine to her pictures is to lie between "may be" (0.30) and "is" (0.44).
    share = 0.37 / np.linalg.norm(rows.mean(0))
    near = share * centre + np.sqrt(1 - share**2) * far
    unknown = UnknownStore(workspace, UNKNOWN)
    id = unknown.add(seen(others(2, 1), embeddings=[near.tolist()], backbone=backbone))
    with pytest.raises(ErasureUnanswered) as stopped:
        erased(workspace, backbone)
    (unsure,) = stopped.value.doubts.unsure
    assert (unsure.place, unsure.why, unsure.crops) == (f"unknown/{id}", "alike", 1)
    assert unsure.likeness == pytest.approx(0.37, abs=0.01)
    assert People(workspace).get(ANN).pictures == 12
    done = erased(workspace, backbone, Answers(unsure=answer))  # type: ignore[arg-type]
    assert unknown.count() == done.receipt.searched["unsure"] == stay
    assert ("found no" in done.receipt.statement) == (not stay)
    assert ("1 unknown may be the person" in done.receipt.statement) == bool(stay)


def test_who_could_not_be_compared_is_listed_for_an_answer(workspace: Workspace) -> None:
    """No network at hand, or a sighting whose pictures are damaged: nobody is silently kept."""

    def broken() -> Backbone:
        raise DataError("no network")

    enrol(workspace, ANN, 1)
    unknown = UnknownStore(workspace, UNKNOWN)
    id = unknown.add(seen(others(1)))
    for load in (None, broken):
        with pytest.raises(ErasureUnanswered) as stopped:
            erase(workspace, ANN, compare=lambda ids, f=load: doubts.measure(workspace, ids, f))
        assert [each.why for each in stopped.value.doubts.unsure] == ["incomparable"]
    for damaged in ("{", '{"at": []}'):
        (unknown.folder(id) / "sighting.json").write_text(damaged)
        with pytest.raises(ErasureUnanswered) as stopped:
            erase(workspace, ANN)
        assert [each.at for each in stopped.value.doubts.unsure] == [""]


def test_a_person_without_a_picture_asks_about_nobody(workspace: Workspace) -> None:
    People(workspace).add(ANN)
    unknown = UnknownStore(workspace, UNKNOWN)
    unknown.add(seen(others(1)))
    assert "found no name" in erase(workspace, ANN).receipt.statement
    assert unknown.count() == 1


def test_the_desk_compares_by_the_real_network(workspace: Workspace) -> None:
    """Nobody has trained; her face, brighter, waits in the unknown list and lies in the trash."""
    settings = Settings()
    for name, source in ((ANN, "demo:collins"), (BOB, "demo:hopper")):
        request = EnrolRequest(person=name, source=source, count=4, pace="fast")
        capture(workspace, settings, request, Cancel(), lambda event: None)
    unknown = UnknownStore(workspace, UNKNOWN)
    ids = [unknown.add(seen(changed(workspace, slug))) for slug in ("ann-sour", "bob-ray")]
    ids.append(unknown.add(seen(changed(workspace, "ann-sour")[:1])))
    Choices(workspace, UNKNOWN).delete([ids[2]])
    desk = LocalDesk(workspace, settings)
    started(desk)
    try:
        done = desk.erase(ANN)
    finally:
        desk.close()
    assert done.receipt.removed["sightings of unknowns"] == 2
    assert [each.id for each in unknown.sightings()] == [ids[1]]
    assert list(workspace.trash.rglob("*.png")) == []
    assert Path(done.file).exists()


def changed(workspace: Workspace, slug: str) -> Crops:
    """The person's crops a little brighter: other bytes, the same face."""
    files = sorted((workspace.people / slug).rglob("*.png"))
    crops = np.stack([decode_crop(file) for file in files]).astype(np.int16)
    return np.asarray(np.clip(crops + 9, 0, 255), np.uint8)
