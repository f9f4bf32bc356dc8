"""Train a model: features, head, epochs, calibration, a folder on disk, promotion."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from engine.cancel import Cancel
from engine.contract import Emit, EpochDone, Notice, TrainDone, Warned
from engine.contract.errors import Cancelled, TooFewPeople, UsageError
from engine.contract.requests import TrainRequest
from engine.dataset.split import Split
from engine.jobs.gate import Gatekeeper
from engine.jobs.material import HELD_OUT, Material, Part, joined, stranger_embeddings
from engine.jobs.realigning import bring_up_to_date
from engine.jobs.split import fitting_split, warnings_of, with_pictures
from engine.model.backbones import Backbone, load_ahead, wait_loaded
from engine.model.epochs import Checkpoint
from engine.model.networks import Backbones, refuse_unfitting
from engine.model.record import PREPROCESSING, ModelDraft, pictures_of, split_digest, versions
from engine.model.store import ModelStore
from engine.model.vectors import Float32, Labels, class_centres, unit
from engine.model.weights import Weights
from engine.recognise.calibration import Calibration, Kept, kept_from, threshold_for
from engine.recognise.gallery import Gallery
from engine.recognise.threshold import StrangerSet, lookalikes, record, settle, threshold_event
from engine.settings import Recipe, Settings, TrainingSettings, train_options
from engine.shortage import TENSORFLOW, need_room
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace
from engine.workspace.identity import PARTS


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a recipe gave: centres and arrays to keep, and how training went.

    `proposals` are the recipe's own classifier's candidates for the pictures of each held-out part,
    as indices of people; empty where the centres themselves propose.
    """

    centres: Float32
    best_epoch: int
    history: Sequence[EpochDone]
    arrays: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    proposals: Mapping[str, Labels] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """How many were trained."""
        return len(self.history)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Centres, their gallery with its thresholds, what they rest on, and the calibration."""

    centres: Float32
    gallery: Gallery
    kept: Kept
    calibration: Calibration


def train(
    workspace: Workspace,
    settings: Settings,
    request: TrainRequest,
    cancel: Cancel,
    emit: Emit,
    backbones: Backbones | None = None,
) -> TrainDone:
    """Train on the split; put the new model in use unless it is worse than the present one.

    Returns after emitting TrainDone. The model in use stays until the new one is complete on
    disk. `cancel.stop()` ends the epochs and goes on with the best one so far; while there is
    none to go on with, it gives up like `cancel.cancel()`. Raises Cancelled, NoPictures,
    TooFewPeople, BackboneMissing, UsageError, ModelCorrupt, DiskFull, OutOfMemory. `backbones` may
    hold the network already.
    """
    started = time.monotonic()
    refuse_unfitting(request)
    training = training_settings(settings.training, request)
    if "tensorflow" not in sys.modules:  # before the features are computed, not after
        need_room("TensorFlow", TENSORFLOW)
    audit, store = Audit(workspace), ModelStore(workspace)
    with audit.of("trained", recipe=request.recipe) as doing:
        backbones = backbones or Backbones(settings.model)
        run = _prepared(workspace, settings, request, training, cancel, emit, backbones)
        try:
            outcome = run.learn()
        except Cancelled:
            run.checkpoint.clear()  # given up, not cut short
            raise
        cancel.check_cancelled()
        judged = run.fit(("train",), outcome.centres)
        metrics = run.measure(judged, outcome)
        used = run.fit(PARTS, run.of_all_pictures(outcome.centres))
        emit(threshold_event(used.calibration, "train"))
        draft = run.draft(outcome, judged, used, metrics)
        verdict = run.gatekeeper().judge(draft, cancel)
        cancel.check_cancelled()
        info = store.save(replace(draft, details={**draft.details, "gate": asdict(verdict)}))
        doing.more |= {"model": info.id, "people": len(info.people), "promoted": verdict.promote}
    if verdict.promote:
        with audit.of("promoted", model=info.id):
            store.promote(info.id)
    names = tuple(person.name for person in run.material.people)
    space, alike = run.backbone.space, run.strangers
    warnings = (
        *warnings_of(workspace, run.split, run.material.people),
        *lookalikes(space, used.gallery, names, run.fpir, used.kept, alike),
    )
    held_out = {name: len(run.parts[name].labels) for name in HELD_OUT}
    done = TrainDone(
        model=info.id,
        recipe=request.recipe,
        seconds=time.monotonic() - started,
        epochs=outcome.epochs,
        best_epoch=outcome.best_epoch,
        promoted=verdict.promote,
        people=names,
        metrics=metrics,
        warnings=warnings,
        details=(
            *outcome.warnings,
            *(Warned("said", "", (note,)) for note in used.calibration.notes),
        ),
        pictures=sum(run.material.counts().values()),
        held_out=sum(held_out.values()),
        named=round(sum(metrics.get(f"tpir_{name}", 0) * held_out[name] for name in HELD_OUT)),
        why=verdict.sentence,
        probes=verdict.probes,
        named_before=verdict.old_hits,
        named_now=verdict.new_hits,
    )
    emit(done)
    return done


def _prepared(
    workspace: Workspace,
    settings: Settings,
    request: TrainRequest,
    training: TrainingSettings,
    cancel: Cancel,
    emit: Emit,
    backbones: Backbones,
) -> _Run:
    """Everything that a training needs, with the features of all pictures; TensorFlow is loaded
    meanwhile."""
    split = fitting_split(workspace, settings, emit)
    material = Material(workspace, with_pictures(workspace), split)
    if request.recipe == "classic" and len(material.people) < 2:
        raise TooFewPeople(
            "The classic recipe needs at least two people",
            f"{len(material.people)} is enrolled with pictures",
            "Enrol somebody else, or use recipe head, which tells one person from strangers.",
        )
    backbone = backbone_for(request, backbones, emit)
    extractor, space = backbone.extractor, backbone.space
    bring_up_to_date(workspace, settings, backbone, cancel, emit)
    load_ahead()
    views = training.views if request.recipe == "head" else 0
    parts = material.embed(extractor, space, views, cancel, emit)
    strangers = stranger_embeddings(workspace, extractor, space, cancel, emit)
    wait_loaded(cancel)
    cancel.check()
    people = tuple((person.id, person.revision) for person in material.people)
    checkpoint = Checkpoint(workspace.models, request.recipe, people)
    return _Run(
        request,
        training,
        settings.recognition.fpir,
        material,
        split,
        backbone,
        parts,
        strangers,
        checkpoint,
        cancel,
        emit,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One training: what is asked for, what it learns from, who hears of it."""

    request: TrainRequest
    settings: TrainingSettings
    fpir: float
    material: Material
    split: Split
    backbone: Backbone
    parts: Mapping[str, Part]
    strangers: StrangerSet
    checkpoint: Checkpoint
    cancel: Cancel
    emit: Emit

    def learn(self) -> Outcome:
        """Train by the recipe. Raises Cancelled."""
        weights = self.backbone.weights
        if self.request.recipe == "classic" and weights is not None:
            return self._classic(weights)
        return self._head()

    def _head(self) -> Outcome:
        """Recipe `head`: adjust the class centres in the face space."""
        from engine.model.training import train_head  # TensorFlow: seconds

        learn, check = self.parts["train"], self.parts["validation"]
        space, people = self.backbone.space, len(self.material.people)
        result = train_head(
            learn.faces,
            learn.labels,
            check.faces,
            check.labels,
            space.strangers,
            self.settings,
            self.cancel,
            self.emit,
            people,
            threshold=threshold_for(space.impostors, people, self.fpir),
            checkpoint=self.checkpoint,
        )
        return Outcome(
            centres=result.centres,
            best_epoch=result.best_epoch,
            history=result.history,
            warnings=(result.why,) if result.why else (),
        )

    def _classic(self, weights: Weights) -> Outcome:
        """Recipe `classic`: VGG16 transfer learning; the face space still decides about
        strangers."""
        from engine.model.classic import ClassicModel, train_classic  # TensorFlow: seconds

        crops, labels = self.material.crops("train")
        held_out = {part: self.material.crops(part) for part in HELD_OUT}
        people = len(self.material.people)
        result = train_classic(
            crops,
            labels,
            *held_out["validation"],
            people,
            weights,
            self.settings,
            self.cancel,
            self.emit,
            self.request.unfreeze,
            checkpoint=self.checkpoint,
        )
        model = ClassicModel(result.arrays, weights)
        learn = self.parts["train"]
        return Outcome(
            centres=class_centres(learn.embeddings, learn.labels, people),
            best_epoch=result.best_epoch,
            history=result.history,
            arrays=dict(result.arrays),
            proposals={
                part: model.probabilities(each, self.cancel.check_cancelled).argmax(1)
                for part, (each, _unused) in held_out.items()
            },
            details={"tuned": result.tuned},
        )

    def fit(self, names: Sequence[str], centres: Float32) -> Fitted:
        """The gallery of `centres`, with thresholds from the pictures of the parts `names`."""
        space, ids = self.backbone.space, [person.id for person in self.material.people]
        enrolled = self.material.enrolled(self.parts, names)
        kept = kept_from(space, enrolled, ids, space.impostors, self.fpir)
        gallery = Gallery(space, centres, ids)
        gallery, calibration = settle(space, gallery, self.fpir, kept, self.strangers)
        return Fitted(centres, gallery, kept, calibration)

    def of_all_pictures(self, trained: Float32) -> Float32:
        """Centres (people, dims) of every picture, from those `trained` on the training part.

        What training turned a plain centre by turns the plain centre of all pictures too.
        """
        learn, everything = self.parts["train"], joined(self.parts, PARTS)
        before = class_centres(learn.embeddings, learn.labels, len(trained))
        after = class_centres(everything.embeddings, everything.labels, len(trained))
        return unit(after + (trained - before))

    def measure(self, judged: Fitted, outcome: Outcome) -> dict[str, float]:
        """How the model does on the pictures that neither it nor its thresholds were made of.

        `rank1_*`: share of pictures whose best person is the right one; `tpir_*`: also at or above
        that person's threshold. Where the recipe has a classifier of its own, that one proposes,
        as in recognition. A part without pictures has no figures.
        """
        metrics: dict[str, float] = {}
        for name in HELD_OUT:
            part = self.parts[name]
            if not len(part.labels):
                continue
            scores = judged.gallery.scores(part.faces)
            candidates = outcome.proposals.get(name, scores.argmax(1))
            right = candidates == part.labels
            best = scores[np.arange(len(right)), candidates]
            passed = right & (best >= judged.calibration.threshold)
            metrics[f"rank1_{name}"] = float(right.mean())
            metrics[f"tpir_{name}"] = float(passed.mean())
        epoch = next((e for e in outcome.history if e.epoch == outcome.best_epoch), None)
        if epoch is not None and math.isfinite(epoch.val_loss):
            metrics |= {"val_loss": epoch.val_loss, "val_accuracy": epoch.val_accuracy}
        elif "rank1_validation" in metrics:
            metrics["val_accuracy"] = metrics["rank1_validation"]
        metrics["threshold"] = judged.calibration.threshold
        return metrics

    def draft(
        self, outcome: Outcome, judged: Fitted, used: Fitted, metrics: dict[str, float]
    ) -> ModelDraft:
        """The model as it will be stored."""
        request, split, people = self.request, self.split, self.material.people
        ids = {person.slug: person.id for person in people}
        return ModelDraft(
            recipe=request.recipe,
            people=[(person.id, person.name, person.revision) for person in people],
            centres=used.centres,
            judged=judged.centres,
            arrays=outcome.arrays,
            metrics=metrics,
            epochs=outcome.epochs,
            best_epoch=outcome.best_epoch,
            threshold=used.calibration.threshold,
            calibration=record(used.calibration, used.kept),
            details={
                "pictures": self.material.counts(),
                "split": {
                    "seed": split.seed,
                    "mode": split.mode,
                    "shares": list(split.shares),
                    "digest": split_digest(split),
                },
                "trained_on": pictures_of(split, ("train",), ids),
                "enrolled_on": pictures_of(split, PARTS, ids),
                "judged": record(judged.calibration, judged.kept),
                "preprocessing": PREPROCESSING,
                "backbone": self.backbone.name,
                "weights": self.backbone.digest,
                "weights_source": request.weights or "packaged",
                "extractor": self.backbone.extractor.digest,
                "face_space": self.backbone.space.digest,
                "unfreeze": request.unfreeze,
                "options": recorded_options(self.settings, request.recipe),
                **outcome.details,
                "versions": dict(versions()),
                "history": [event.to_json() for event in outcome.history],
            },
        )

    def gatekeeper(self) -> Gatekeeper:
        """Compares the new model with the one in use."""
        space, weights = self.backbone.space, self.backbone.weights
        return Gatekeeper(
            self.material, self.parts, self.split, space, weights, self.fpir, self.strangers
        )


def backbone_for(request: TrainRequest, backbones: Backbones, emit: Emit) -> Backbone:
    """The backbone that a request means. Says so where the machine cannot carry both networks.

    Raises BackboneMissing, UsageError, ModelCorrupt, ModelError.
    """
    if request.backbone is not None:
        return backbones.named(request.backbone, request.weights)
    if request.weights is not None:
        return backbones.named("vgg16", request.weights)
    choice = backbones.choice
    if request.recipe == "classic" and choice.name == "resnet":
        return backbones.named("both")
    if choice.name == "resnet" and choice.reason:
        text = f"Only the face network is used: {choice.reason}."
        emit(Notice(text=text))
    return backbones.named(choice.name)


def training_settings(configured: TrainingSettings, request: TrainRequest) -> TrainingSettings:
    """The configured values with those that the request gives. Raises UsageError."""
    options = train_options(request.recipe)
    try:
        given = {
            options[name].setting: options[name].checked(value)
            for name, value in request.options.items()
        }
    except ValueError as error:
        raise UsageError(str(error)) from error
    return replace(configured, **given)


def recorded_options(training: TrainingSettings, recipe: Recipe) -> dict[str, Any]:
    """What a model's record says of how it was trained: the recipe's options by name."""
    options = train_options(recipe)
    return {name: getattr(training, option.setting) for name, option in options.items()}
