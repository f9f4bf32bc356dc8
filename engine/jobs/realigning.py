"""What an earlier version left is brought up to date before a training; nothing is lost.

A crop that the eyes alone aligned (before BlazeFace, or without OpenVINO) is aligned anew, by the
points of its face: a model compares faces well only if they all lie alike. The face is looked for
where it lies in every crop, so that none beside it is taken for it. Each person is one change in
the trash, which keeps the former crops: it happens whole or not at all, and is not done again once
it was taken back. Crops in which no face is found stay as they are. Of 80 crops of LFW by the Haar
cascade the face was found in all; they lay 10 pixels (median; 27 in 95 of 100) beside where the
points of the whole photograph put them, and afterwards 4 (9).

Sightings of unknown people get features of today's network, so that they group with new ones, and
caches of features that no network computes any more go. Models stay, and are refused in words until
there is a new one.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, FeaturesProgress, Notice
from engine.contract.errors import DataError, DetectorMissing
from engine.faces.align import EYES_IN_CROP, Box, Face, similarity
from engine.faces.detect import FaceFinder
from engine.model.arrays import pack
from engine.model.backbones import Backbone, Together, usable
from engine.model.feature_store import cached_arrays
from engine.model.store import ModelStore
from engine.people.permission import permitted
from engine.people.person import FORMAT, Person, SessionInfo
from engine.people.picture_records import RECORDS_FILE
from engine.people.registry import People, StrangerArea, strangers
from engine.people.traces import Change
from engine.people.trash import Trash
from engine.people.unknown import Sighting, UnknownStore
from engine.pictures import Unreadable, decode_crop, encode_png
from engine.settings import Settings
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.files import (
    parse_json,
    read_bytes,
    read_json,
    read_lines,
    write_bytes,
    write_json,
)
from engine.workspace.folder import Workspace
from engine.workspace.identity import SESSION_FILE, sub_folders
from engine.workspace.owner import translate_os_errors


def realign(workspace: Workspace, settings: Settings, cancel: Cancel, emit: Emit) -> None:
    """Look through every session that was aligned by the eyes, of people and strangers.

    Emits FeaturesProgress over its pictures, and at the end a Notice that says how many were
    realigned; nothing where nothing had to be moved. People who took their consent back wait. Does
    nothing where the points cannot be found (Haar cascade). The caller holds `Workspace.writer`.
    Raises Cancelled, DiskFull, WorkspaceUnusable.
    """
    if workspace.read_only or settings.detection.detector == "haar":
        return
    work = [(workspace, each) for each in permitted(workspace)]
    work += [(StrangerArea(workspace), each) for each in strangers(workspace)]
    work = [(area, each) for area, each in work if _sessions(each)]
    if not work:
        return
    try:
        finder = FaceFinder(settings.detection)
    except DetectorMissing:
        return
    if finder.finds_points:
        _Realigning(workspace, settings.trash.keep_days, finder, cancel, emit).run(work)


@dataclass(slots=True)
class _Looked:
    """What came of one session: new crops (PNG) by file, and those that stay."""

    session: SessionInfo
    moved: dict[str, bytes]
    well: list[str]
    kept: list[str]

    def marks(self) -> dict[str, str]:
        """By what each crop is aligned now."""
        return dict.fromkeys((*self.moved, *self.well), "points") | dict.fromkeys(self.kept, "eyes")


@dataclass(slots=True)
class _Realigning:
    """One run over people and strangers, with its counts of pictures."""

    workspace: Workspace
    days: int
    finder: FaceFinder
    cancel: Cancel
    emit: Emit
    total: int = 0
    done: int = 0
    moved: int = 0
    well: int = 0
    kept: int = 0

    def run(self, work: list[tuple[Workspace, Person]]) -> None:
        """Everybody, one change each."""
        self.total = sum(len(each.pictures) for _unused, who in work for each in _sessions(who))
        for area, person in work:
            self._person(area, person)
        if self.moved or self.kept:
            self.emit(Notice(text=self._sentence()))

    def _person(self, area: Workspace, person: Person) -> None:
        stranger = isinstance(area, StrangerArea)
        name, subject = ("a stranger", "") if stranger else (person.name, person.id)
        title = f"Realigned pictures of {name}"
        back = f"{name}: the former pictures are back"
        looked = []
        trash = Trash(self.workspace, self.days)
        with contextlib.ExitStack() as noted, trash.change(title, back, by_itself=True) as change:
            for session in _sessions(person):
                folder = People(area).session_directory(person.slug, session.id)
                head = _head(folder, session)
                if head is None:
                    self._progress(len(session.pictures))
                    continue
                found = self._look(folder, session)
                if found.moved:
                    _swap(change, folder, found)
                    found.moved = dict.fromkeys(found.moved, b"")  # they are on disk
                looked.append((folder, head, found))
            if change.pictures:  # so far nothing has happened
                audit, pictures = Audit(self.workspace), change.pictures
                about = audit.of("pictures-realigned", subject, pictures=pictures)
                change.noted = noted.enter_context(about).numbers
        # Not a part of the change: who takes it back wants these crops, not this once more.
        for folder, head, found in looked:
            if not found.moved:
                _mark(folder, folder, found.marks())
            write_json(folder / SESSION_FILE, {**head, "aligned": "points"})
            self.moved += len(found.moved)
            self.well += len(found.well)
            self.kept += len(found.kept)

    def _look(self, folder: Path, session: SessionInfo) -> _Looked:
        """Find the face in each crop of a session. Writes nothing."""
        looked = _Looked(session, {}, [], [])
        for file in session.pictures:
            self.cancel.check()
            try:
                crop = decode_crop(folder / file)
            except Unreadable:  # training says what is the matter with it
                looked.kept.append(file)
            else:
                made = realigned(self.finder, crop)
                if made is None:
                    looked.kept.append(file)
                elif made is crop:
                    looked.well.append(file)
                else:
                    looked.moved[file] = encode_png(made)
            self._progress(1)
        return looked

    def _progress(self, pictures: int) -> None:
        self.done += pictures
        self.emit(FeaturesProgress(done=self.done, total=self.total, cached=0))

    def _sentence(self) -> str:
        # Those that lay well already count: by the points is how they lie.
        pictures = many(self.total, "picture")
        said = f"Realigned {self.moved + self.well} of {pictures} by the new detector"
        if self.kept:
            kept = many(self.kept, "was kept as it is", "were kept as they are")
            said += f"; {kept}, for no face was found in its place"
        if self.moved and self.days:
            said += f". The former ones are in the trash for {many(self.days, 'day')}"
        return f"{said}."


def _sessions(person: Person) -> list[SessionInfo]:
    return [session for session in person.sessions if session.aligned != "points"]


def _head(folder: Path, session: SessionInfo) -> dict[str, Any] | None:
    """The session's head, made up where there is none; None if it cannot be read."""
    try:
        head = read_json(folder / SESSION_FILE)
    except FileNotFoundError:
        head = {"version": FORMAT, "id": session.id}
        return {**head, "source": session.source, "started": session.started}
    except DataError:
        return None
    return head if isinstance(head, dict) else None


def _swap(change: Change, folder: Path, looked: _Looked) -> None:
    """Add the steps that put new crops in the place of a session's former ones, and their marks."""
    staged, kept = change.stage(), change.keep()
    files = list(looked.moved)
    for file, png in looked.moved.items():
        write_bytes(staged / file, png)
    if _mark(folder, staged, looked.marks()):
        files.append(RECORDS_FILE)
    for file in files:
        change.move(folder / file, kept / file)
        change.move(staged / file, folder / file)
    change.pictures += len(looked.moved)


def _mark(folder: Path, target: Path, marks: Mapping[str, str]) -> bool:
    """Write a session's records into `target` with these marks; whether there are any records.

    Lines that are damaged stay as they are.
    """
    try:
        lines = read_lines(folder / RECORDS_FILE)
    except FileNotFoundError:
        return False
    marked = [_marked(line, marks) + b"\n" for line in lines]
    write_bytes(target / RECORDS_FILE, b"".join(marked))
    return True


def _marked(line: bytes, marks: Mapping[str, str]) -> bytes:
    try:
        body = parse_json(line)
        mark = marks[body["file"]]
    except (ValueError, TypeError, KeyError):
        return line
    return json.dumps({**body, "aligned": mark}, ensure_ascii=False).encode()


_DIGEST = re.compile(r"[0-9a-f]{64}")


def bring_up_to_date(
    workspace: Workspace, settings: Settings, backbone: Backbone, cancel: Cancel, emit: Emit
) -> None:
    """Do all of it for `backbone`, which is about to be trained on; says what was done.

    The caller holds `Workspace.writer`. What is cut short is done at the next training. Raises
    Cancelled, DiskFull, WorkspaceUnusable.
    """
    realign(workspace, settings, cancel, emit)
    _renew_sightings(UnknownStore(workspace, settings.unknown), backbone, cancel, emit)
    _remove_features(workspace, backbone, emit)


def _renew_sightings(unknown: UnknownStore, backbone: Backbone, cancel: Cancel, emit: Emit) -> None:
    """Compute anew what other networks said of the strangers who wait; those damaged stay."""
    digests = backbone.extractor.digest, backbone.space.digest
    renewed = 0
    for sighting in unknown.sightings():
        if (sighting.extractor, sighting.space) == digests:
            continue
        cancel.check()
        try:
            unknown.renew(sighting.id, _features(unknown, sighting, backbone), *digests)
        except (FileNotFoundError, Unreadable):
            continue
        renewed += 1
    if renewed:
        looked = many(renewed, "sighting of the unknown was", "sightings of the unknown were")
        emit(Notice(text=f"{looked} looked at again by the present network."))


def _features(unknown: UnknownStore, sighting: Sighting, backbone: Backbone) -> bytes:
    """The features file of a sighting's crops by `backbone`."""
    folder = unknown.folder(sighting.id)
    files = [record.file for record in sighting.records]
    rows = backbone.extractor.extract(np.stack([decode_crop(folder / file) for file in files]))
    pictures = {file: read_bytes(folder / file) for file in files}
    embeddings = backbone.space.embed(rows)
    return pack({**cached_arrays(pictures, rows), "embeddings": embeddings})


def _remove_features(workspace: Workspace, backbone: Backbone, emit: Emit) -> None:
    """Remove the features of networks that neither `backbone` nor a usable model is made of."""
    extractor = backbone.extractor
    parts = extractor.parts if isinstance(extractor, Together) else ()
    models = [info for info in ModelStore(workspace).list() if usable(info)]
    needed = {extractor.digest, *(part.digest for part in parts)}
    needed |= {str(info.details.get("extractor")) for info in models}
    freed = 0
    caches = sub_folders(workspace.features) + sub_folders(workspace.stranger_features)
    for folder in (Path(each.path) for each in caches):
        if _DIGEST.fullmatch(folder.name) and folder.name not in needed:
            freed += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            with translate_os_errors("remove a folder", folder):
                shutil.rmtree(folder)
    if freed:
        text = "Removed features of an earlier version, which nothing reads"
        emit(Notice(text=f"{text}: {freed / 1e6:.1f} MB."))


USUAL = Box(12, 19, 136, 136)
"""Where the finder's box of a face lies in a crop (medians over LFW)."""
FARTHEST = 25.0
"""Pixels that an eye may lie beside its place; beyond it the face is another, or no face."""
LIES_WELL = 4.0
"""Pixels by which a crop that was aligned by its points lies off when they are found once more
(median): one that lies no worse stays as it is, for each warp costs sharpness."""
_CORNERS = (40 + 40j, 120 + 40j, 40 + 130j, 120 + 130j)
"""Places in the crop, about the face, at which a move is measured."""


def realigned(finder: FaceFinder, crop: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The crop (RGB uint8 160x160x3) aligned by the points that `finder` finds in it.

    The very same array where it lies well already, None where no face is found in its place.
    """
    image = np.ascontiguousarray(crop[..., ::-1])
    found = finder.find_again(image, (Face(USUAL, EYES_IN_CROP, True, crop),))
    if not found:
        return None
    face = found[0]
    if max(map(math.dist, face.eyes, EYES_IN_CROP)) > FARTHEST:
        return None
    return crop if _moved(face) <= LIES_WELL else face.crop


def _moved(face: Face) -> float:
    """Pixels by which the face is moved where aligning moves it most."""
    turn, middle, target = similarity(face.points)
    return max(abs(turn * (z - middle) + target - z) for z in _CORNERS)
