"""The bake-off: ways to recognise on the operator's own gallery, one protocol, one table.

The training part enrols. Test pictures are single probes, validation pictures too where those
are few; then no contestant may look at them before. Strangers are the same for all. Nothing is
written but the feature cache.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.cancel import Cancel
from engine.contract import BakeOffDone, Emit, Notice, grouped
from engine.contract.errors import NoPictures, SplitMissing, UsageError
from engine.contract.requests import BakeOffRequest
from engine.dataset.split import Split, check_fits, load_split, make_split
from engine.jobs.contestants import (
    NOBODY,
    Pictures,
    Row,
    Strangers,
    Table,
    contestants,
    probes_in,
    strangers_in,
)
from engine.jobs.material import Material, not_enrolled
from engine.jobs.split import with_pictures
from engine.model.backbones import load_backbone
from engine.people.person import Person
from engine.people.registry import People, StrangerArea
from engine.pictures import decode_crop
from engine.settings import Settings
from engine.text import percent
from engine.workspace.folder import Workspace

ENOUGH_PROBES = 100
"""Test pictures below which the validation pictures search too."""


def bake_off(
    workspace: Workspace, settings: Settings, request: BakeOffRequest, cancel: Cancel, emit: Emit
) -> BakeOffDone:
    """Compare all contestants that can be had here. Returns after emitting BakeOffDone.

    The caller holds `Workspace.writer`, for the feature cache. Raises Cancelled, NoPictures,
    UsageError, SourceError for the strangers' folder, ModelCorrupt.
    """
    started = time.monotonic()
    fpir = settings.recognition.fpir if request.fpir is None else request.fpir
    if not 0 < fpir < 1:
        raise UsageError("An FPIR lies between 0 and 1", f"{fpir} was given", "Try 0.01.")
    notes: list[str] = []
    table = _laid(workspace, settings, request, fpir, cancel, emit, notes)
    rows: list[Row] = []
    backbone = load_backbone("both", runtime=settings.model.runtime)
    for row in contestants(backbone, table, settings, notes):
        rows.append(row)
        emit(Notice(text=f"Measured: {row.contestant}"))
    counts = table.material.counts()
    done = BakeOffDone(
        rows=tuple(asdict(row) for row in rows),
        people=table.people,
        enrolled=counts["train"],
        probes=len(table.probes.labels) + table.probes.missed,
        missed=table.probes.missed,
        unread=table.probes.unread,
        strangers=table.strangers.searches,
        stranger_people=table.strangers.people,
        strangers_from=table.strangers.source,
        fpir=table.common,
        notes=tuple(notes),
        seconds=time.monotonic() - started,
    )
    emit(done)
    return done


def _laid(
    workspace: Workspace,
    settings: Settings,
    request: BakeOffRequest,
    fpir: float,
    cancel: Cancel,
    emit: Emit,
    notes: list[str],
) -> Table:
    """Gather probes and strangers, and say in `notes` what limits the comparison."""
    people = with_pictures(workspace)
    material = Material(workspace, people, _split(workspace, settings, people, notes))
    parts: tuple[str, ...] = ()
    emit(Notice(text="Looking at the pictures"))
    if request.probes is not None:
        folder = Path(request.probes).expanduser()
        probes, told = probes_in(folder, material.people, settings.detection, cancel)
        notes += grouped(told)
    else:
        parts = ("test",)
        if len(material.pictures("test")) < ENOUGH_PROBES:
            parts = ("validation", "test")
            notes.append("Few test pictures, so the validation pictures are probes too.")
        probes = Pictures(*material.crops(*parts))
        if not len(probes.labels):
            raise NoPictures(
                "There are no probes", "the split has no held-out pictures", "Split again."
            )
    if request.strangers is not None:
        folder = Path(request.strangers).expanduser()
        strangers = strangers_in(folder, settings.detection, cancel, emit)
    else:
        strangers = own_strangers(workspace, emit)
    if strangers.source != "folder" and len(material.people) > 1:
        strangers = strangers.with_stand_ins(probes)
        notes.append(
            "Everybody enrolled is left out once and searches among the others, as a "
            "stranger would. "
            "`both` and `classic` have seen them in training, which flatters these two. "
            "A folder of strangers is better."
        )
    searches = strangers.searches
    common = measurable_fpir(fpir, searches)
    if strangers.source == "none":
        notes.append("With one person, only a folder of strangers shows an FPIR.")
    elif common > fpir:
        notes.append(
            f"{searches} searches by strangers cannot show an FPIR of {percent(fpir)}: the TPIRs "
            f"are compared at {percent(common)}, the lowest that they can show."
        )
    return Table(material, parts, probes, strangers, fpir, common, cancel, emit)


def _split(
    workspace: Workspace, settings: Settings, people: tuple[Person, ...], notes: list[str]
) -> Split:
    """The split on disk if it fits, else one for this comparison only."""
    found = load_split(workspace)
    if found is not None:
        try:
            check_fits(found, people)
        except SplitMissing as error:
            notes.append(f"{error.message}: split anew for this comparison only.")
        else:
            return found
    return make_split(people, settings.split)


def own_strangers(workspace: Workspace, emit: Emit) -> Strangers:
    """The workspace's own strangers (`facedesk strangers`), NOBODY if there are none.

    One of the name of somebody enrolled is none. Raises Unreadable for a damaged crop.
    """
    area = People(StrangerArea(workspace))
    crops, labels = [], []
    everybody = not_enrolled(workspace, emit)
    for label, stranger in enumerate(everybody):
        files = area.pictures(stranger)
        crops += [decode_crop(file) for file in files]
        labels += [label] * len(files)
    if not crops:
        return NOBODY
    return Strangers(Pictures(np.stack(crops), np.array(labels, np.int64)), len(everybody), "own")


def measurable_fpir(fpir: float, searches: int) -> float:
    """The FPIR that so many strangers' searches can show: the one asked for, or one of them."""
    if not searches:
        return fpir
    # A trifle more than 1/n, for n times 1/n may come out just below 1.
    return max(fpir, (1 + 1e-9) / searches)
