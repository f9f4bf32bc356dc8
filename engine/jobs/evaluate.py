"""Evaluate a model: gather probes and strangers, measure, report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, EvaluateDone, Warned
from engine.contract.errors import DataError, NoPictures, Remedy, SplitMissing, UsageError
from engine.contract.requests import EvaluateRequest
from engine.dataset.split import Split, check_fits, load_split
from engine.evaluate.figures import Figures, Probes, Strangers, measure
from engine.evaluate.pictures import (
    EnrolledPictures,
    PictureReader,
    central_crop,
    confused_pairs,
    confusion_matrix,
)
from engine.evaluate.probes import (
    FolderPictures,
    StrangersFrom,
    folder_probes,
    held_out_probes,
    left_out,
    stranger_files,
    strangers_in,
    together,
)
from engine.evaluate.report import REPORT, Samples, summary, too_few, write_report
from engine.evaluate.suspects import leakage, suspects
from engine.faces.detect import FaceFinder
from engine.faces.quality import luma, sharpness_of
from engine.jobs.material import stale_ids, stranger_embeddings
from engine.jobs.split import warnings_of
from engine.model.feature_store import Progress
from engine.model.networks import Backbones, model_in_use
from engine.model.record import StoredModel, trained_on
from engine.model.store import ModelStore
from engine.people.permission import permitted
from engine.people.person import Person
from engine.people.picture_records import PictureRecord, read_records
from engine.people.registry import People
from engine.pictures import Unreadable, decode_crop
from engine.recognise.calibration import threshold_for
from engine.recognise.gallery import TWO_FACES, Cuts
from engine.recognise.recogniser import Recogniser, classifier_for
from engine.recognise.threshold import StrangerSet, kept_of, lookalikes
from engine.settings import RecognitionSettings, Settings
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.files import need_writable
from engine.workspace.folder import Workspace

AS_MEASURED = {each.name for each in fields(EvaluateDone)} & {each.name for each in fields(Figures)}
"""What is told just as it was measured."""


def evaluate(
    workspace: Workspace,
    settings: Settings,
    request: EvaluateRequest,
    cancel: Cancel,
    emit: Emit,
    backbones: Backbones | None = None,
) -> EvaluateDone:
    """Measure and return the figures after emitting them.

    The model searches as live recognition does a single picture. Raises NoModel, ModelCorrupt,
    SplitMissing without a split or --probes, DataError and NoPictures for folders that cannot
    be used, UsageError for an impossible FPIR, at once WorkspaceUnusable for a report that cannot
    be written, Cancelled, DiskFull. `backbones` may hold the network already.
    """
    started = time.monotonic()
    recognition = dialled(settings.recognition, request.fpir)
    report: Path | None = None
    if request.report is not None:
        report = Path(request.report).expanduser().absolute() / REPORT
        need_writable(report)
    with contextlib.ExitStack() as noted:
        doing = None
        if not workspace.read_only:  # figures that cannot be kept are shown all the same
            about = Audit(workspace).of("evaluated", report=report is not None)
            doing = noted.enter_context(about)
        evaluation = _Evaluation(
            workspace,
            recognition,
            request,
            cancel,
            emit,
            backbones or Backbones(settings.model),
            FaceFinder(settings.detection),
            load_split(workspace),
        )
        done = replace(evaluation.run(), seconds=time.monotonic() - started)
        if report is not None:
            done = replace(done, report=str(report))
            write_report(report, done, evaluation.samples, evaluation.crop)
        if doing is not None:
            doing.more["model"] = done.model
    emit(done)
    return done


@dataclass(slots=True, eq=False)
class _Evaluation:
    """One run. `samples` are the scores behind the figures, for the report's histogram."""

    workspace: Workspace
    recognition: RecognitionSettings
    request: EvaluateRequest
    cancel: Cancel
    emit: Emit
    backbones: Backbones
    finder: FaceFinder
    split: Split | None
    warnings: list[Warned] = field(default_factory=list)
    samples: Samples = field(init=False)
    unread: int = 0

    def run(self) -> EvaluateDone:
        request, workspace = self.request, self.workspace
        model = (
            ModelStore(workspace).load(request.model)
            if request.model is not None
            else model_in_use(workspace, self.emit)
        )
        if request.probes is None:
            # Held-out pictures enrol too: they are searched in what was made without them.
            model = model.as_judged()
        people = self._gallery_people(model)
        # Whatever is wrong with the folders is said before the slow work begins.
        chosen = (
            folder_probes(Path(request.probes).expanduser(), people)
            if request.probes is not None
            else None
        )
        held_out = self._held_out(model, people) if chosen is None else ()
        self.warnings += chosen.warnings if chosen is not None else ()
        others = None
        if request.strangers is not None:
            others = stranger_files(Path(request.strangers).expanduser())
        photographs = sum(len(each.files) for each in (chosen, others) if each is not None)
        progress = Progress(photographs + sum(person.pictures for person in people), self.emit)

        backbone = self.backbones.of(model.info)
        extractor, space = backbone.extractor, backbone.space
        own = stranger_embeddings(workspace, extractor, space, self.cancel, self.emit)
        recogniser = Recogniser(
            model,
            extractor,
            space,
            self.recognition,
            names={person.id: person.name for person in people},
            classifier=classifier_for(model, backbone.weights),
            strangers=own,
        )
        kept, fpir = kept_of(model.info), self.recognition.fpir
        gallery, names = recogniser.gallery, recogniser.names
        self.warnings += lookalikes(space, gallery, names, fpir, kept, own)
        reader = PictureReader(extractor, space, recogniser, self.finder, progress, self.cancel)
        pictures = reader.enrolled(workspace, people)
        if chosen is not None:
            probes = self._folder_searches(chosen, reader)
        else:
            probes = _held_out_searches(pictures.at(pictures.rows(held_out)), reader)
        strangers, source = self._strangers(others, own, reader, probes)
        self.cancel.check()
        cuts = TWO_FACES.get(backbone.name)
        return self._measured(model, reader, pictures, probes, strangers, source, cuts)

    def crop(self, path: Path) -> NDArray[np.uint8] | None:
        """The face (uint8 RGB 160x160x3) in a crop of ours or in a photograph; None without."""
        try:
            return decode_crop(path)
        except Unreadable:
            with contextlib.suppress(DataError):
                return central_crop(self.finder, path)
        return None

    # --- what to search with --------------------------------------------------------------------

    def _gallery_people(self, model: StoredModel) -> tuple[Person, ...]:
        """Those of the model's people who are still enrolled, in the model's order."""
        enrolled = {person.id: person for person in permitted(self.workspace)}
        people = tuple(enrolled[id] for id, _, _ in model.labels if id in enrolled)
        stale = stale_ids(self.workspace, model.info)
        self.warnings += [
            Warned("pictures_changed", person.name) for person in people if person.id in stale
        ]
        self.warnings += [
            Warned("not_enrolled", name) for id, name, _ in model.labels if id not in enrolled
        ]
        return people

    def _held_out(
        self, model: StoredModel, people: Sequence[Person]
    ) -> tuple[tuple[str, ...], ...]:
        """The held-out pictures of each of the `people`."""
        if self.split is None:
            raise SplitMissing(
                "There is no split yet", "its held-out pictures would be the probes", Remedy.PROBES
            )
        keys, warnings = held_out_probes(self.split, people, model.info)
        self.warnings += warnings
        enrolled, unread = People(self.workspace).everybody()
        self.warnings += [Warned("said", "", (each.sentence,)) for each in unread]
        not_here = {person.name for person in enrolled}.difference(each.name for each in people)
        self.warnings += (
            each
            for each in warnings_of(self.workspace, self.split, enrolled)
            if each.subject not in not_here
        )
        try:
            check_fits(self.split, enrolled)
        except SplitMissing as error:
            self.warnings.append(Warned("unfitting_split", "", (str(error),)))
        return keys

    def _folder_searches(self, chosen: FolderPictures, reader: PictureReader) -> Probes:
        photographs, recogniser = reader.photographs(chosen.files), reader.recogniser
        labels = np.array(chosen.labels, np.int64)
        whence = Path(self.request.probes or "").name or "probes"
        groups = [f"{recogniser.names[label]}/{whence}" for label in chosen.labels]
        missed = tuple((chosen.labels[place], groups[place]) for place in photographs.missed)
        total, self.unread = len(chosen.files), len(photographs.unread)
        if self.unread == total:
            pictures = many(total, "picture")
            raise NoPictures("There are no probes", f"{pictures}, none of which can be read")
        for kind, count in (("no_face", len(missed)), ("unread", self.unread)):
            if count:
                self.warnings.append(Warned(kind, "", (count, total)))
        return Probes(
            recogniser.gallery.search(photographs.embeddings, photographs.proposals),
            labels[photographs.places],
            tuple(groups[place] for place in photographs.places),
            photographs.embeddings,
            tuple(chosen.files[place] for place in photographs.places),
            missed,
        )

    def _strangers(
        self, files: FolderPictures | None, own: StrangerSet, reader: PictureReader, probes: Probes
    ) -> tuple[Strangers | None, StrangersFrom]:
        gallery = reader.recogniser.gallery
        if files is not None:
            seen = reader.photographs(files.files)
            groups, warnings = strangers_in(files, seen)
            self.warnings += warnings
            return Strangers(gallery.search(seen.embeddings, seen.proposals), groups), "folder"
        mine = None
        if len(own):
            self.warnings.append(Warned("own_strangers"))
            # Without a classifier's proposals: at least as many are named as live.
            mine = Strangers(gallery.search(own.embeddings), own.groups)
        return together(mine, left_out(probes, len(gallery)))

    # --- the figures ----------------------------------------------------------------------------

    def _measured(
        self,
        model: StoredModel,
        reader: PictureReader,
        pictures: EnrolledPictures,
        probes: Probes,
        strangers: Strangers | None,
        source: StrangersFrom,
        cuts: Cuts | None,
    ) -> EvaluateDone:
        names, threshold = reader.recogniser.names, reader.recogniser.threshold
        space, fpir = reader.space, self.recognition.fpir
        figures = measure(names, probes, strangers, threshold, fpir)
        self.warnings += too_few(figures, source, fpir)
        self.samples = _samples(probes, strangers)
        learnt = self._learnt(model, pictures)
        # The curve's own threshold: twins themselves raise the one that the model was given.
        reach = threshold_for(space.impostors, len(names), fpir)
        return EvaluateDone(
            model=model.info.id,
            recipe=model.info.recipe,
            people=names,
            **{name: getattr(figures, name) for name in AS_MEASURED},
            strangers_from=source,
            fpir=fpir,
            threshold=threshold,
            confusion=confusion_matrix(probes, len(names), threshold),
            confused=confused_pairs(probes, threshold, learnt),
            suspects=suspects(pictures, space, reach, cuts, _sharpness, _others),
            leakage=leakage(pictures, self.split, space, fpir) if self.split else {},
            sentence=summary(figures),
            warnings=tuple(dict.fromkeys(self.warnings)),
            unread=self.unread,
        )

    def _learnt(self, model: StoredModel, pictures: EnrolledPictures) -> EnrolledPictures:
        """The pictures that the model's centres were made of, as far as is known."""
        trained, people = trained_on(model.info), pictures.people
        if trained is not None:
            found = zip(pictures.labels.tolist(), pictures.keys, strict=True)
            learnt = [(people[label].id, key) in trained for label, key in found]
            return pictures.at(np.flatnonzero(learnt))
        if self.split is None:
            return pictures
        train = [self.split.pictures(person.slug, ("train",)) for person in people]
        return pictures.at(pictures.rows(train))


def _held_out_searches(held_out: EnrolledPictures, reader: PictureReader) -> Probes:
    embeddings, paths = held_out.embeddings, held_out.paths
    groups = tuple(
        f"{held_out.people[label].name}/{key.partition('/')[0]}"
        for label, key in zip(held_out.labels.tolist(), held_out.keys, strict=True)
    )
    searches = reader.recogniser.gallery.search(embeddings, reader.proposals_of(paths))
    return Probes(searches, held_out.labels, groups, embeddings, paths)


def dialled(settings: RecognitionSettings, fpir: float | None) -> RecognitionSettings:
    """The settings with another FPIR. Raises UsageError unless it lies inside 0..1."""
    if fpir is None:
        return settings
    if not 0 < fpir < 1:
        raise UsageError(
            "The FPIR is impossible", f"{fpir:g}", "A share above 0 and below 1, such as 0.01."
        )
    return replace(settings, fpir=fpir)


def _samples(probes: Probes, strangers: Strangers | None) -> Samples:
    """Scores of probes for their own person and for the best other one, and of strangers."""
    rows = np.arange(len(probes.labels))
    own = probes.searches.scores[rows, probes.labels]
    others = probes.searches.without(probes.labels).scores.max(1, initial=-np.inf)
    best = np.empty(0) if strangers is None else strangers.searches.best
    return {"own": own, "other": others[np.isfinite(others)], "stranger": best}


def _sharpness(paths: Sequence[Path]) -> NDArray[np.float64]:
    """Sharpness (n,) of crops, as noted when they were captured, else measured now."""
    noted = {path: record.sharpness for path, record in _records(paths).items()}
    return np.array(
        [noted[p] if noted.get(p, 0) > 0 else sharpness_of(luma(decode_crop(p))) for p in paths]
    )


def _others(paths: Sequence[Path]) -> NDArray[np.int64]:
    """How many other faces of comparable size (n,) the photographs of crops show, as noted."""
    noted = _records(paths)
    return np.array([noted[p].others if p in noted else 0 for p in paths], np.int64)


def _records(paths: Sequence[Path]) -> dict[Path, PictureRecord]:
    """What was noted when the crops of these folders were taken."""
    folders = dict.fromkeys(path.parent for path in paths)
    return {each / record.file: record for each in folders for record in read_records(each)}
