"""From tracks to the unknown: which strangers are kept, who writes them, how they are grouped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.contract import FaceSeen, Rule, Sighted, UnknownChanged
from engine.contract.errors import DataError, WorkspaceLocked
from engine.desk.calls import SharedWriter
from engine.desk.local import LocalDesk
from engine.desk.unknown import UnknownWriter, picture, unknown_view
from engine.desk.wire import decode, encode
from engine.jobs.naming import SETTLED, Keeper
from engine.people.unknown import UnknownStore
from engine.recognise.why import Evidence, Memory
from engine.settings import GateSettings, Settings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted

ANY = GateSettings(min_brightness=0, max_brightness=255, min_sharpness=0, min_change=0)
FACE = FaceSeen(
    source="clip.mp4",
    frame=0,
    seconds=0.0,
    box=(10, 20, 90, 90),
    track=1,
    candidate="Ada",
    score=0.1,
    threshold=0.3,
    runner_up=None,
    runner_up_score=0.0,
    person=None,
    decision="unknown",
    votes=3,
    of=5,
    stale=False,
    milliseconds=1.0,
)


class Watch:
    """Plays frames of one face into a keeper."""

    def __init__(self, workspace: Workspace, keep: bool | None = True, **gates: float) -> None:
        self.sent: list[Sighted] = []
        settings = Settings(gates=replace(ANY, **gates))
        self.keeper = Keeper(workspace, settings, "e" * 64, "s" * 64, self._sent, keep)
        self.memory = Memory()
        self.frame = 0

    def _sent(self, event: object) -> None:
        assert isinstance(event, Sighted)
        self.sent.append(event)

    def see(self, frames: int, decision: str = "unknown", **fields: object) -> None:
        for _ in range(frames):
            self.frame += 1
            seconds = self.frame / 2
            seen = replace(FACE, frame=self.frame, seconds=seconds, decision=decision, **fields)
            crop = np.full((160, 160, 3), self.frame % 200, np.uint8)
            row = np.ones(4, np.float32) / 2
            self.memory.keep(Evidence(seen, Rule.BELOW_THRESHOLD, crop, row, row, 7, 3, True))
            self.keeper.take(seconds, (seen,), self.memory)

    def empty(self, seconds: float) -> None:
        self.frame += int(seconds * 2)
        self.keeper.take(self.frame / 2, (), self.memory)


def test_a_stranger_is_kept_once_settled_in_a_few_crops_apart(workspace: Workspace) -> None:
    watch = Watch(workspace)
    watch.see(SETTLED - 1)
    watch.empty(3)
    assert not watch.sent
    watch.see(40, track=2)
    (sent,) = watch.sent
    assert len(sent.shots) == 4
    times = [shot[1] for shot in sent.shots]
    assert min(b - a for a, b in pairwise(times)) >= 0.8


def test_a_sighting_says_by_what_its_crops_are_aligned(workspace: Workspace) -> None:
    watch = Watch(workspace)
    watch.see(SETTLED)
    assert watch.sent == []
    watch.keeper.take(watch.frame / 2, (FACE,), watch.memory, "points")
    watch.empty(3)
    unknown = UnknownStore(workspace, Settings().unknown)
    (sighting,) = unknown.get([unknown.add(watch.sent[0])])
    assert {record.aligned for record in sighting.records} == {"points"}


def test_a_track_that_leaves_is_sent_with_what_it_has(workspace: Workspace) -> None:
    watch = Watch(workspace)
    watch.see(SETTLED + 1)
    watch.empty(3)
    assert [len(sent.shots) for sent in watch.sent] == [1]


def test_the_end_of_a_recognition_sends_what_was_collected(workspace: Workspace) -> None:
    watch = Watch(workspace)
    watch.see(SETTLED)
    watch.keeper.finish()
    assert len(watch.sent) == 1


def test_somebody_who_is_named_after_all_is_not_kept(workspace: Workspace) -> None:
    watch = Watch(workspace)
    watch.see(SETTLED + 1)
    watch.see(SETTLED, "known")
    watch.see(20)
    watch.keeper.finish()
    assert not watch.sent


def test_a_stranger_who_is_named_for_a_moment_is_kept(workspace: Workspace) -> None:
    watch = Watch(workspace)
    watch.see(SETTLED + 1)
    watch.see(SETTLED - 1, "known")
    watch.see(20)
    watch.keeper.finish()
    assert len(watch.sent) == 1


def test_an_unsure_frame_begins_the_count_anew(workspace: Workspace) -> None:
    watch = Watch(workspace)
    for _ in range(5):
        watch.see(SETTLED - 1)
        watch.see(1, "unsure")
    watch.keeper.finish()
    assert not watch.sent


@pytest.mark.parametrize("gates", [{"min_face": 120}, {"min_sharpness": 10.0}])
def test_what_enrolment_would_refuse_is_not_kept(workspace: Workspace, gates) -> None:
    watch = Watch(workspace, **gates)
    watch.see(20)
    watch.keeper.finish()
    assert not watch.sent


def test_the_workspaces_switch_counts_at_once(workspace: Workspace) -> None:
    watch = Watch(workspace, keep=None)
    watch.see(SETTLED + 4)
    UnknownStore(workspace, Settings().unknown).switch(True)
    watch.see(1)
    watch.keeper.finish()
    assert [sent.shots[0][0] for sent in watch.sent] == [SETTLED + 5]


def test_the_best_candidate_of_the_track_is_told(workspace: Workspace) -> None:
    watch = Watch(workspace)
    watch.see(SETTLED, candidate="Ada", score=0.2)
    watch.see(3, candidate="Grace", score=0.1)
    watch.keeper.finish()
    assert (watch.sent[0].candidate, watch.sent[0].score) == ("Ada", 0.2)


def test_who_was_in_one_frame_with_whom_is_told(workspace: Workspace) -> None:
    watch = Watch(workspace)
    crop, row = np.full((160, 160, 3), 90, np.uint8), np.ones(4, np.float32) / 2
    boxes = {1: (0, 0, 90, 90), 2: (200, 0, 90, 90), 3: (210, 10, 90, 90)}
    for frame in range(1, SETTLED + 2):
        seen = [
            replace(FACE, frame=frame, seconds=frame / 2, decision="unknown", track=t, box=box)
            for t, box in boxes.items()
        ]
        for event in seen:
            watch.memory.keep(Evidence(event, Rule.BELOW_THRESHOLD, crop, row, row, 7, 3, True))
        watch.keeper.take(frame / 2, seen, watch.memory)
    watch.keeper.finish()
    # Boxes that overlap may be one face found twice.
    assert {sent.track: sent.beside for sent in watch.sent} == {1: (2, 3), 2: (1,), 3: (1,)}
    assert len({sent.run for sent in watch.sent}) == 1


def test_a_sighting_crosses_the_wire_whole() -> None:
    event = sighted(crops=3, run="r", beside=[2, 3])
    data = encode(event)
    header = int.from_bytes(data[:4])
    assert decode(data[8 : 8 + header], data[8 + header :]) == event


# --- writing ---------------------------------------------------------------------------------


@pytest.fixture
def unknown(workspace: Workspace) -> UnknownStore:
    made = UnknownStore(workspace, Settings().unknown)
    made.switch(True)
    return made


@pytest.fixture
def written(workspace: Workspace) -> Callable[..., list[UnknownChanged]]:
    """Offer sightings to a writer and close it; what it told."""

    def write(*events: Sighted) -> list[UnknownChanged]:
        told: list[UnknownChanged] = []
        writer = UnknownWriter(workspace, Settings(), SharedWriter(workspace).hold, told.append)
        for event in events:
            writer.offer(event)
        writer.close(10)
        return told

    return write


def test_sightings_are_written_one_by_one(unknown: UnknownStore, written) -> None:
    assert [event.waiting for event in written(sighted(), sighted())] == [1, 2]
    assert unknown.count() == 2


def test_while_another_process_writes_sightings_are_skipped_and_counted(
    workspace: Workspace, unknown: UnknownStore, written
) -> None:
    with workspace.writer("another"):
        (told,) = written(sighted())
    assert (told.waiting, told.skipped) == (0, 1)
    assert "in use" in told.why


def test_what_was_switched_off_meanwhile_is_not_written(unknown: UnknownStore, written) -> None:
    unknown.switch(False)
    assert written(sighted()) == []
    assert unknown.count() == 0


# --- groups ----------------------------------------------------------------------------------


def test_sightings_that_look_alike_are_one_group(
    workspace: Workspace, unknown: UnknownStore
) -> None:
    first = unknown.add(sighted((1.0, 0.0), candidate="Ada", score=0.1))
    other = unknown.add(sighted((0.0, 1.0), candidate="Grace", score=0.2))
    second = unknown.add(sighted((0.8, 0.6), candidate="Bob", score=0.25, crops=3))
    view = unknown_view(workspace, Settings())
    assert [group.sightings for group in view.groups] == [(first, second), (other,)]
    pair = next(group for group in view.groups if len(group.sightings) == 2)
    assert (pair.crops, pair.candidate, pair.score) == (5, "Bob", 0.25)
    assert picture(workspace, pair.picture).startswith(b"\x89PNG")
    assert (view.waiting, view.keeping, view.days, view.undo) == (3, True, 7, "")


def test_a_split_holds_when_the_unknown_is_read_again(
    desk: LocalDesk, workspace: Workspace, unknown: UnknownStore
) -> None:
    ids = [unknown.add(sighted()) for _ in range(3)]
    assert desk.unknown_split(ids[1:2], ids) == "Split off 1 of 3 unknown"
    later = unknown.add(sighted())
    groups = {group.sightings for group in desk.unknown().groups}
    assert groups in ({(ids[0], ids[2], later), (ids[1],)}, {(ids[0], ids[2]), (ids[1], later)})
    assert desk.unknown().undo == "Split off 1 of 3 unknown"
    desk.unknown_undo()
    (group,) = desk.unknown().groups
    assert group.sightings == (*ids, later)


def test_two_faces_of_one_frame_are_two_people(workspace: Workspace, unknown: UnknownStore) -> None:
    unknown.add(sighted(run="r", track=1))
    unknown.add(sighted(run="r", track=2, beside=[1]))
    assert len(unknown_view(workspace, Settings()).groups) == 2


def test_track_numbers_of_another_run_say_nothing(
    workspace: Workspace, unknown: UnknownStore
) -> None:
    unknown.add(sighted(run="r", track=1))
    unknown.add(sighted(run="s", track=2, beside=[1]))
    unknown.add(sighted(track=1))
    unknown.add(sighted(track=2, beside=[1]))  # kept before runs were told apart
    assert len(unknown_view(workspace, Settings()).groups) == 1


def test_a_part_of_a_group_is_a_group(workspace: Workspace, unknown: UnknownStore) -> None:
    ids = [unknown.add(sighted(crops=n)) for n in (1, 2, 3)]
    (group,) = unknown_view(workspace, Settings()).groups
    part = group.only(ids[:2])
    assert (part.sightings, part.crops) == (tuple(ids[:2]), 3)
    assert part.picture == f"unknown/{ids[1]}/0002.png"


def test_sightings_of_different_face_spaces_are_never_compared(
    workspace: Workspace, unknown: UnknownStore
) -> None:
    unknown.add(sighted(space="s" * 64))
    unknown.add(sighted(space="t" * 64))
    assert len(unknown_view(workspace, Settings()).groups) == 2


def test_a_sighting_without_features_stands_alone(
    workspace: Workspace, unknown: UnknownStore
) -> None:
    ids = [unknown.add(sighted()) for _ in range(3)]
    (unknown.folder(ids[0]) / "features.npz").unlink()
    (unknown.folder(ids[1]) / "features.npz").write_bytes(b"rubbish")
    assert len(unknown_view(workspace, Settings()).groups) == 3


@pytest.mark.parametrize("path", ["../x.png", "/etc/passwd", "people/nobody.png", ".lock", ""])
def test_no_picture_outside_the_workspace_is_read(workspace: Workspace, path: str) -> None:
    (workspace.root.parent / "x.png").write_bytes(b"secret")
    with pytest.raises(DataError):
        picture(workspace, path)


def test_the_desk_decides_and_undoes(desk: LocalDesk, unknown: UnknownStore) -> None:
    ids = [unknown.add(sighted())]
    assert desk.unknown_assign(ids, "Ada", new=True, consent="Desk one") == "Unknown is Ada"
    assert [row.name for row in desk.people()] == ["Ada"]
    assert desk.unknown().undo == "Unknown is Ada"
    desk.unknown_undo()
    assert desk.people() == ()
    assert desk.unknown().waiting == 1


def test_reading_the_unknown_waits_for_nobody(
    desk: LocalDesk, workspace: Workspace, unknown: UnknownStore
) -> None:
    unknown.folder(unknown.add(sighted())).rename(workspace.unknown / "20200101-000000-001")
    with Workspace(workspace.root).writer("another"):
        assert desk.unknown().waiting == 1
        with pytest.raises(WorkspaceLocked):
            desk.unknown_switch(False)
    assert desk.unknown().waiting == 0
