"""Train a model: features, head, epochs, calibration, a folder on disk, promotion."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from engine.audit import Audit
from engine.cancel import Cancel
from engine.config import Settings, TrainingSettings
from engine.dataset.split import PARTS
from engine.errors import Cancelled, TooFewPeople
from engine.events import Emit, EpochDone, Notice, TrainDone
from engine.i18n import _
from engine.model.epochs import Checkpoint
from engine.model.face_space import FaceSpace
from engine.model.loading import load_ahead, wait_loaded
from engine.model.provenance import PREPROCESSING, versions
from engine.model.store import ModelDraft, ModelStore
from engine.model.trained_on import split_digest, trained_on
from engine.model.vectors import Float32, Labels, class_centres
from engine.model.weights import Weights
from engine.recognise.calibration import (
    LEAST_HELD_OUT,
    Calibration,
    calibrate,
    gallery_impostors,
    genuine_quantiles,
    threshold_for,
    weakest_genuine,
)
from engine.recognise.own_strangers import StrangerSet
from engine.recognise.scoring import Gallery
from engine.recognise.threshold import record, settle, threshold_event
from engine.service.jobs.gatekeeping import Gatekeeper
from engine.service.jobs.loaded import Backbones
from engine.service.jobs.material import HELD_OUT, Material, Part, joined
from engine.service.jobs.networks import refuse_unfitting
from engine.service.jobs.splitting import fitting_split, with_pictures
from engine.service.jobs.strangers import stranger_embeddings
from engine.service.protocol import TrainRequest
from engine.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a recipe gave: centres and arrays to keep, and how training went.

    `proposals` are the recipe's own classifier's candidates for the pictures of each held-out part,
    as indices of people; empty where the centres themselves propose.
    """

    centres: Float32
    epochs: int
    best_epoch: int
    history: Sequence[EpochDone]
    arrays: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    proposals: Mapping[str, Labels] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


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
    TooFewPeople, BackboneMissing, UsageError, ModelCorrupt, DiskFull. `backbones` may hold the
    network already.
    """
    refuse_unfitting(request)
    audit = Audit(workspace)
    audit.ready()
    started = time.monotonic()
    fpir = settings.recognition.fpir
    split = fitting_split(workspace, settings, emit)
    material = Material(workspace, with_pictures(workspace), split)
    if request.recipe == "classic":
        refuse_one_person(len(material.people))
    training = training_settings(settings.training, request)
    backbone = (backbones or Backbones(settings.model.runtime)).named(
        request.backbone, request.weights
    )
    extractor, space, weights = backbone.extractor, backbone.space, backbone.weights
    load_ahead()  # while the features are computed
    views = training.views if request.recipe == "head" else 0
    parts = material.embed(extractor, space, views, cancel, emit)
    strangers = stranger_embeddings(workspace, extractor, space, cancel, emit)
    wait_loaded(cancel)
    cancel.check()
    checkpoint = Checkpoint(
        workspace.models,
        request.recipe,
        tuple((person.slug, person.revision) for person in material.people),
    )
    try:
        if request.recipe == "classic" and weights is not None:
            outcome = _classic(
                material, parts, weights, training, request, cancel, emit, checkpoint
            )
        else:
            threshold = threshold_for(space.impostors, len(material.people), fpir)
            outcome = _head(
                parts, space, training, threshold, len(material.people), cancel, emit, checkpoint
            )
    except Cancelled:
        checkpoint.clear()  # given up, not cut short
        raise
    cancel.check_cancelled()
    calibration, metrics = measure(material, parts, space, fpir, outcome, strangers)
    metrics |= classifier_figures(parts, space, outcome, calibration.threshold)
    emit(threshold_event(calibration, "train"))
    draft = ModelDraft(
        recipe=request.recipe,
        people=[(person.slug, person.name, person.revision) for person in material.people],
        centres=outcome.centres,
        arrays=outcome.arrays,
        metrics=metrics,
        epochs=outcome.epochs,
        best_epoch=outcome.best_epoch,
        threshold=calibration.threshold,
        calibration=record(calibration),
        details={
            "pictures": material.counts(),
            "split": {
                "seed": split.seed,
                "mode": split.mode,
                "shares": list(split.shares),
                "digest": split_digest(split),
            },
            "trained_on": trained_on(split),
            "preprocessing": PREPROCESSING,
            "backbone": backbone.name,
            "weights": backbone.digest,
            "weights_source": request.weights or "packaged",
            "extractor": extractor.digest,
            "face_space": space.digest,
            "unfreeze": request.unfreeze,
            **outcome.details,
            "versions": dict(versions()),
            "history": [event.to_json() for event in outcome.history],
        },
    )
    gatekeeper = Gatekeeper(material, parts, split, space, weights, fpir, strangers)
    verdict = gatekeeper.judge(draft, cancel)
    cancel.check_cancelled()
    store = ModelStore(workspace)
    info = store.save(replace(draft, details={**draft.details, "gate": asdict(verdict)}))
    audit.note(
        "trained",
        model=info.id,
        recipe=request.recipe,
        people=len(info.people),
        promoted=verdict.promote,
    )
    warnings = [*split.warnings, *outcome.warnings, *calibration.notes]
    if verdict.promote:
        store.promote(info.id)
        audit.note("promoted", model=info.id)
        if verdict.sentence:
            emit(Notice(text=verdict.sentence))
    else:
        warnings.append(
            _("The new model is kept aside. {sentence}").format(sentence=verdict.sentence)
        )
    done = TrainDone(
        model=info.id,
        recipe=request.recipe,
        seconds=time.monotonic() - started,
        epochs=outcome.epochs,
        best_epoch=outcome.best_epoch,
        promoted=verdict.promote,
        people=tuple(person.name for person in material.people),
        metrics=metrics,
        warnings=tuple(warnings),
    )
    emit(done)
    return done


def refuse_one_person(people: int) -> None:
    """Raise TooFewPeople before any slow work if the classic recipe cannot run."""
    if people < 2:
        raise TooFewPeople(
            _("The classic recipe needs at least two people"),
            _("{people} is enrolled with pictures").format(people=people),
            _("Enrol somebody else, or use recipe head, which tells one person from strangers."),
        )


def training_settings(configured: TrainingSettings, request: TrainRequest) -> TrainingSettings:
    """The configured values with those that the request gives."""
    update: dict[str, Any] = {}
    if request.epochs is not None:
        name = "classic_epochs" if request.recipe == "classic" else "epochs"
        update[name] = request.epochs
    if request.input_side is not None:
        update["classic_side"] = request.input_side
    return configured.model_copy(update=update)


def _head(
    parts: dict[str, Part],
    space: FaceSpace,
    settings: TrainingSettings,
    threshold: float,
    people: int,
    cancel: Cancel,
    emit: Emit,
    checkpoint: Checkpoint,
) -> Outcome:
    """Recipe `head`: adjust the class centres in the face space."""
    from engine.model.training import train_head  # TensorFlow: seconds

    learn, check = parts["train"], parts["validation"]
    result = train_head(
        learn.faces,
        learn.labels,
        check.faces,
        check.labels,
        space.strangers,
        settings,
        cancel,
        emit,
        people,
        threshold=threshold,
        checkpoint=checkpoint,
    )
    return Outcome(
        centres=result.centres,
        epochs=len(result.history),
        best_epoch=result.best_epoch,
        history=result.history,
        warnings=(result.why,) if result.why else (),
    )


def _classic(
    material: Material,
    parts: dict[str, Part],
    weights: Weights,
    settings: TrainingSettings,
    request: TrainRequest,
    cancel: Cancel,
    emit: Emit,
    checkpoint: Checkpoint,
) -> Outcome:
    """Recipe `classic`: VGG16 transfer learning; the face space still decides about strangers."""
    from engine.model.classic import ClassicModel  # TensorFlow: seconds
    from engine.model.training_classic import train_classic

    crops, labels = material.crops("train")
    held_out = {part: material.crops(part) for part in HELD_OUT}
    result = train_classic(
        crops,
        labels,
        *held_out["validation"],
        len(material.people),
        weights,
        settings,
        cancel,
        emit,
        request.unfreeze,
        checkpoint=checkpoint,
    )
    model = ClassicModel(result.arrays, weights)
    learn = parts["train"]
    return Outcome(
        centres=class_centres(learn.embeddings, learn.labels, len(material.people)),
        epochs=len(result.history),
        best_epoch=result.best_epoch,
        history=result.history,
        arrays=dict(result.arrays),
        proposals={
            part: model.probabilities(each, cancel.check_cancelled).argmax(1)
            for part, (each, _unused) in held_out.items()
        },
        details={"input_side": model.side, "tuned": result.tuned},
    )


def classifier_figures(
    parts: Mapping[str, Part], space: FaceSpace, outcome: Outcome, threshold: float
) -> dict[str, float]:
    """Rank-1 and TPIR of the recipe's own classifier on the held-out parts, as recognition decides:
    it proposes, and the score of whom it proposes must reach the threshold. Empty without one."""
    figures: dict[str, float] = {}
    gallery = Gallery(space, outcome.centres, [str(row) for row in range(len(outcome.centres))])
    for name, proposed in outcome.proposals.items():
        part = parts[name]
        right = proposed == part.labels
        scores = gallery.scores(part.faces)[np.arange(len(right)), proposed]
        figures[f"rank1_{name}"] = float(right.mean()) if len(right) else float("nan")
        passed = right & (scores >= threshold)
        figures[f"tpir_{name}"] = float(passed.mean()) if len(right) else float("nan")
    if "rank1_validation" in figures:
        figures["val_accuracy"] = figures["rank1_validation"]
    return figures


def measure(
    material: Material,
    parts: dict[str, Part],
    space: FaceSpace,
    fpir: float,
    outcome: Outcome,
    strangers: StrangerSet | None = None,
) -> tuple[Calibration, dict[str, float]]:
    """The threshold, and how the new model does on the pictures it was not trained on.

    `strangers` are the operator's own. `rank1_*`: share of pictures whose best person is the
    right one; `tpir_*`: also at or above the threshold. NaN for a part without pictures.
    """
    gallery = Gallery(space, outcome.centres, [person.slug for person in material.people])
    everything = joined(parts, tuple(parts))
    own = gallery_impostors(gallery, everything.faces, everything.labels)
    names = calibration_parts(parts, len(gallery))
    held_out = joined(parts, names)
    plain = joined({**parts, "train": parts["train"].first(material.counts()["train"])}, PARTS)
    weakest = weakest_genuine(
        space, gallery, (held_out.faces, held_out.labels), (plain.embeddings, plain.labels)
    )
    genuine = genuine_quantiles(gallery, held_out.faces, held_out.labels)
    used = () if weakest is None else names
    made = calibrate(space.impostors, len(gallery), fpir, own, weakest, used, genuine)
    calibration = settle(space, gallery, fpir, made.kept, strangers)
    metrics: dict[str, float] = {}
    for name in HELD_OUT:
        part = parts[name]
        found = gallery.search(part.faces)
        right = found.candidates == part.labels
        passed = right & (found.best >= calibration.threshold)
        metrics[f"rank1_{name}"] = float(right.mean()) if len(right) else float("nan")
        metrics[f"tpir_{name}"] = float(passed.mean()) if len(right) else float("nan")
    best = next((e for e in outcome.history if e.epoch == outcome.best_epoch), None)
    if best is not None:
        metrics |= {"val_loss": best.val_loss, "val_accuracy": best.val_accuracy}
    else:
        metrics["val_accuracy"] = metrics["rank1_validation"]
    metrics["threshold"] = calibration.threshold
    return calibration, metrics


def calibration_parts(parts: dict[str, Part], people: int) -> tuple[str, ...]:
    """The held-out parts that may set the threshold: the test part only where it must.

    It stays unseen for an evaluation wherever everybody has LEAST_HELD_OUT validation pictures.
    """
    counts = np.bincount(parts["validation"].labels, minlength=people)
    return ("validation",) if counts.min() >= LEAST_HELD_OUT else HELD_OUT
