"""Evaluate a model: gather probes and strangers, measure, report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, EvaluateDone
from engine.contract.errors import Remedy, SplitMissing, UsageError
from engine.contract.events_base import Warned
from engine.contract.requests import EvaluateRequest
from engine.dataset.split import Split, check_fits, load_split
from engine.evaluate import probes as choosing
from engine.evaluate.figures import Figures, Probes, Strangers, measure, searches_of
from engine.evaluate.pictures import (
    EnrolledPictures,
    GalleryPictures,
    PictureReader,
    central_crop,
    confused_pairs,
    confusion_matrix,
)
from engine.evaluate.report import REPORT, Samples, summary, too_few, write_report
from engine.evaluate.suspects import Gathered, Suspect, leakage, suspects
from engine.faces.detect import FaceFinder
from engine.faces.quality import luma, sharpness_of
from engine.jobs.material import Progress, stale_ids, stranger_embeddings
from engine.jobs.split import warnings_of
from engine.model.face_space import Space
from engine.model.networks import Backbones, model_in_use
from engine.model.record import StoredModel
from engine.model.store import ModelStore
from engine.model.vectors import Float32
from engine.people.permission import permitted
from engine.people.person import Person
from engine.people.picture_records import PictureRecord, read_records
from engine.people.registry import People
from engine.pictures import Unreadable, decode_crop
from engine.recognise.calibration import threshold_for
from engine.recognise.gallery import TWO_FACES, Cuts
from engine.recognise.recogniser import Recogniser, classifier_for
from engine.recognise.threshold import StrangerSet
from engine.settings import RecognitionSettings, Settings
from engine.workspace.audit import Audit
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
    be used, UsageError for an impossible FPIR, Cancelled, DiskFull. `backbones` may hold the
    network already.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as noted:
        doing = None
        if not workspace.read_only:  # figures that cannot be kept are shown all the same
            about = Audit(workspace).of("evaluated", report=request.report is not None)
            doing = noted.enter_context(about)
        backbones = backbones or Backbones(settings.model)
        evaluation = _Evaluation(workspace, settings, request, cancel, emit, backbones)
        done = replace(evaluation.run(), seconds=time.monotonic() - started)
        if request.report is not None:
            report = Path(request.report).expanduser().absolute() / REPORT
            done = replace(done, report=str(report))
            write_report(report, done, evaluation.samples, evaluation.crop)
        if doing is not None:
            doing.more["model"] = done.model
    emit(done)
    return done


@dataclass(frozen=True, slots=True, eq=False)
class _ProbePictures:
    """The probes' searches, with the embeddings and files of those in which a face was found."""

    probes: Probes
    embeddings: Float32
    paths: tuple[Path, ...]


class _Evaluation:
    """One run. `samples` are the scores behind the figures, for the report's histogram."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        request: EvaluateRequest,
        cancel: Cancel,
        emit: Emit,
        backbones: Backbones,
    ) -> None:
        self._workspace = workspace
        self._backbones = backbones
        self._request = request
        self._cancel = cancel
        self._emit = emit
        self._recognition = dialled(settings.recognition, request.fpir)
        self._finder = FaceFinder(settings.detection)
        self._warnings: list[Warned] = []
        self._split = load_split(workspace)
        self.samples = Samples(np.empty(0), np.empty(0), np.empty(0))

    def run(self) -> EvaluateDone:
        wanted = self._request.model
        model = (
            ModelStore(self._workspace).load(wanted)
            if wanted is not None
            else model_in_use(self._workspace, self._emit)
        )
        if not self._request.probes:
            # Held-out pictures enrol too: they are searched in what was made without them.
            model = model.as_judged()
        people = self._gallery_people(model)
        # Whatever is wrong with the folders is said before the slow work begins.
        held_out, folder_probes = self._choose_probes(model, people)
        stranger_files = (
            choosing.stranger_files(Path(self._request.strangers).expanduser())
            if self._request.strangers
            else None
        )
        files = [*(folder_probes.files if folder_probes else ())]
        files += stranger_files.files if stranger_files else ()
        progress = Progress(len(files) + sum(person.pictures for person in people), self._emit)

        backbone = self._backbones.of(model.info)
        extractor, space = backbone.extractor, backbone.space
        own = stranger_embeddings(self._workspace, extractor, space, self._cancel, self._emit)
        recogniser = Recogniser(
            model,
            extractor,
            space,
            self._recognition,
            names={person.id: person.name for person in people},
            classifier=classifier_for(model, backbone.weights),
            strangers=own,
        )
        reader = PictureReader(extractor, space, recogniser, self._finder, progress, self._cancel)
        pictures = reader.enrolled(self._workspace, people)
        if folder_probes is not None:
            probes = self._folder_searches(folder_probes, reader, recogniser)
        else:
            probes = self._held_out_searches(held_out, pictures, reader, recogniser)
        strangers, source = self._strangers(stranger_files, own, reader, recogniser, probes.probes)
        self._cancel.check()
        cuts = TWO_FACES.get(backbone.name)
        return self._measured(model, space, recogniser, pictures, probes, strangers, source, cuts)

    def crop(self, path: Path) -> NDArray[np.uint8] | None:
        """The face (uint8 RGB 160x160x3) in a crop of ours or in a photograph; None without."""
        try:
            return decode_crop(path)
        except Unreadable:
            return central_crop(self._finder, path)

    # --- what to search with --------------------------------------------------------------------

    def _gallery_people(self, model: StoredModel) -> tuple[Person, ...]:
        """Those of the model's people who are still enrolled, in the model's order."""
        enrolled = {person.id: person for person in permitted(self._workspace)}
        people = tuple(enrolled[id] for id, _, _ in model.labels if id in enrolled)
        stale = stale_ids(self._workspace, model.info)
        self._warnings += [
            Warned("pictures_changed", person.name) for person in people if person.id in stale
        ]
        self._warnings += [
            Warned("not_enrolled", name) for id, name, _ in model.labels if id not in enrolled
        ]
        return people

    def _choose_probes(
        self, model: StoredModel, people: Sequence[Person]
    ) -> tuple[choosing.HeldOut, choosing.FolderProbes | None]:
        names = [person.name for person in people]
        if self._request.probes:
            folder = Path(self._request.probes).expanduser()
            found = choosing.folder_probes(folder, names, [person.slug for person in people])
            self._warnings += found.warnings
            return choosing.HeldOut(()), found
        split = self._needed_split()
        parts = choosing.held_out_parts(split, [person.slug for person in people])
        held_out = choosing.held_out_probes(split, people, model.info, parts)
        self._warnings += held_out.warnings
        enrolled, unread = People(self._workspace).everybody()
        self._warnings += [Warned("said", "", (each.sentence,)) for each in unread]
        not_here = {person.name for person in enrolled}.difference(names)
        self._warnings += (
            each
            for each in warnings_of(self._workspace, split, enrolled)
            if each.subject not in not_here
        )
        try:
            check_fits(split, enrolled)
        except SplitMissing as error:
            self._warnings.append(Warned("unfitting_split", "", (str(error),)))
        return held_out, None

    def _needed_split(self) -> Split:
        if self._split is None:
            raise SplitMissing(
                "There is no split yet", "the probes are its held-out pictures", Remedy.PROBES
            )
        return self._split

    def _held_out_searches(
        self,
        held_out: choosing.HeldOut,
        pictures: EnrolledPictures,
        reader: PictureReader,
        recogniser: Recogniser,
    ) -> _ProbePictures:
        rows = pictures.rows(held_out.keys)
        paths = tuple(pictures.paths[row] for row in rows)
        embeddings = pictures.embeddings[rows]
        labels = pictures.labels[rows]
        groups = tuple(
            f"{pictures.people[label].name}/{pictures.keys[row].partition('/')[0]}"
            for row, label in zip(rows.tolist(), labels.tolist(), strict=True)
        )
        searches = searches_of(recogniser, embeddings, reader.proposals_of(paths, embeddings))
        return _ProbePictures(Probes(searches, labels, groups), embeddings, paths)

    def _folder_searches(
        self, chosen: choosing.FolderProbes, reader: PictureReader, recogniser: Recogniser
    ) -> _ProbePictures:
        photographs = reader.photographs(chosen.files)
        labels = np.array(chosen.labels, np.int64)
        whence = Path(self._request.probes or "").name or "probes"
        groups = [f"{recogniser.names[label]}/{whence}" for label in chosen.labels]
        missed = tuple((chosen.labels[place], groups[place]) for place in photographs.missed)
        if missed:
            figures = len(missed), len(chosen.files)
            self._warnings.append(Warned("no_face", "", figures))
        probes = Probes(
            searches_of(recogniser, photographs.embeddings, photographs.proposals),
            labels[photographs.places],
            tuple(groups[place] for place in photographs.places),
            missed,
        )
        paths = tuple(chosen.files[place] for place in photographs.places)
        return _ProbePictures(probes, photographs.embeddings, paths)

    def _strangers(
        self,
        files: choosing.StrangerFiles | None,
        own: StrangerSet,
        reader: PictureReader,
        recogniser: Recogniser,
        probes: Probes,
    ) -> tuple[Strangers | None, choosing.StrangersFrom]:
        if files is not None:
            found, warnings = choosing.strangers_in_folder(files, reader.photographs)
            self._warnings += warnings
            return found.searched(recogniser), found.source
        if len(own):
            self._warnings.append(Warned("own_strangers"))
        return choosing.together(
            choosing.Found(own, "own").searched(recogniser) if len(own) else None,
            choosing.left_out(probes, len(recogniser.gallery)),
        )

    # --- the figures ----------------------------------------------------------------------------

    def _measured(
        self,
        model: StoredModel,
        space: Space,
        recogniser: Recogniser,
        pictures: EnrolledPictures,
        probes: _ProbePictures,
        strangers: Strangers | None,
        source: choosing.StrangersFrom,
        cuts: Cuts | None,
    ) -> EvaluateDone:
        names, threshold = recogniser.names, recogniser.threshold
        fpir = self._recognition.fpir
        figures = measure(names, probes.probes, strangers, threshold, fpir)
        searches = len(strangers.searches) if strangers else 0
        count = strangers.count if strangers else 0
        leaked = leakage(pictures, self._split, space, fpir) if self._split else {}
        self._warnings += too_few(figures, searches, count, source, fpir)
        self.samples = _samples(probes.probes, strangers)
        pairs = confused_pairs(
            probes.probes, probes.embeddings, probes.paths, threshold, self._learnt(model, pictures)
        )
        return EvaluateDone(
            model=model.info.id,
            recipe=model.info.recipe,
            people=names,
            **{name: getattr(figures, name) for name in AS_MEASURED},
            strangers=searches,
            stranger_people=count,
            strangers_from=source,
            fpir=fpir,
            threshold=threshold,
            confusion=confusion_matrix(probes.probes, len(names), threshold),
            confused=tuple(
                (
                    names[pair.person],
                    names[pair.other],
                    pair.score,
                    pair.own_score,
                    str(pair.probe),
                    str(pair.picture or ""),
                )
                for pair in pairs
            ),
            suspects=tuple(
                (names[each.person], str(each.picture), each.kind, each.sentence)
                for each in self._suspects(pictures, space, names, cuts)
            ),
            leakage=leaked,
            sentence=summary(figures, searches, count),
            warnings=tuple(dict.fromkeys(self._warnings)),
        )

    def _learnt(self, model: StoredModel, pictures: EnrolledPictures) -> GalleryPictures:
        """The pictures that the model's centres were made of, as far as is known."""
        trained = choosing.TrainedOn(model.info)
        people = pictures.people
        if trained.known:
            labels = pictures.labels.tolist()
            rows = [
                row
                for row, (label, key) in enumerate(zip(labels, pictures.keys, strict=True))
                if (people[label].id, key) in trained
            ]
        elif self._split is not None:
            learnt = [self._split.people.get(each.slug, {}).get("train", ()) for each in people]
            rows = pictures.rows(learnt).tolist()
        else:
            rows = list(range(len(pictures.keys)))
        return GalleryPictures(
            pictures.embeddings[rows], pictures.labels[rows], [pictures.paths[row] for row in rows]
        )

    def _suspects(
        self, pictures: EnrolledPictures, space: Space, names: Sequence[str], cuts: Cuts | None
    ) -> tuple[Suspect, ...]:
        sessions = pictures.captures
        gathered = Gathered(
            pictures.embeddings, pictures.labels, pictures.paths, names, sessions, cuts
        )
        # The curve's own threshold: twins themselves raise the one that the model was given.
        reach = threshold_for(space.impostors, len(names), self._recognition.fpir)
        paths = pictures.paths
        return suspects(gathered, space, reach, lambda: _sharpness(paths), lambda: _others(paths))


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
    return Samples(own, others[np.isfinite(others)], best)


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
