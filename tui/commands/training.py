"""facedesk split, export, train: from pictures to a model."""

from __future__ import annotations

from pathlib import Path

from engine.cancel import Cancel
from engine.contract import (
    EpochDone,
    Event,
    FeaturesProgress,
    Notice,
    SplitDone,
    Threshold,
    TrainDone,
)
from engine.contract.errors import Cancelled, SplitMissing, UsageError
from engine.contract.requests import SplitRequest, TrainRequest
from engine.desk import library
from engine.settings import SplitSettings
from tui.cli.context import Context, interruptible
from tui.cli.output import Output
from tui.words.text import SPLIT_MODES, figure


def split(
    context: Context,
    train: float | None,
    validation: float | None,
    test: float | None,
    seed: int | None,
    random: bool,
) -> SplitDone:
    """Make and save a split; shares that were not given are the configured ones, or the rest."""
    configured = context.settings.split
    shares = complete_shares(configured, train, validation, test)
    request = SplitRequest(
        train=shares[0],
        validation=shares[1],
        test=shares[2],
        seed=configured.seed if seed is None else seed,
        random=random,
    )
    with context.writing("split"):
        done = library.split(context.workspace, request)
    context.output.event(done)
    rows = [
        (name, str(counts["train"]), str(counts["validation"]), str(counts["test"]))
        for name, counts in done.people.items()
    ]
    rows.append(("all", str(done.train), str(done.validation), str(done.test)))
    context.output.table(
        ("name", "#" + "train", "#" + "validation", "#" + "test"),
        rows,
        f"Split by {SPLIT_MODES.get(done.mode, done.mode)}",
    )
    for warning in done.warnings:
        context.output.note(warning, "yellow")
    return done


def complete_shares(
    configured: SplitSettings, train: float | None, validation: float | None, test: float | None
) -> tuple[float, float, float]:
    """Shares for the three parts, where any of them may have been left out.

    None given: the configured ones. One missing: the rest to 1. Two missing: the rest, divided
    as configured. Raises UsageError if nothing is left for a missing one.
    """
    given = (train, validation, test)
    usual = (configured.train, configured.validation, configured.test)
    missing = [i for i, share in enumerate(given) if share is None]
    rest = 1 - sum(share for share in given if share is not None)
    if missing and rest < -1e-9:
        raise UsageError("The shares sum to more than 1", "", "train + validation + test = 1.")
    weight = sum(usual[i] for i in missing)
    filled = [
        share if share is not None else max(0.0, rest) * (usual[i] / weight if weight else 0.0)
        for i, share in enumerate(given)
    ]
    return filled[0], filled[1], filled[2]


def export_folders(context: Context, folder: Path) -> int:
    """Write the split's pictures as Keras folders."""
    from engine.dataset.export import export_keras_folders
    from engine.dataset.split import check_fits, load_split
    from engine.people.permission import permitted

    people = permitted(context.workspace)  # the split leaves out who took their consent back
    found = load_split(context.workspace)
    if found is None:
        raise SplitMissing("There is no split yet", "", "Run `facedesk split` first.")
    check_fits(found, people)
    files = export_keras_folders(context.workspace, people, found, folder)
    context.warn_of_plain(folder)
    if context.output.as_json:
        context.output.object({"event": "done", "folder": str(folder), "files": files})
    else:
        context.output.result(f"{files} pictures written to {folder}")
    return files


def train(context: Context, request: TrainRequest) -> TrainDone:
    """Train; one line an epoch, a summary, and what the figures mean.

    Ctrl+C gives up and says how far it was; Enter on a terminal ends the epochs and keeps the best
    one so far.
    """
    context.output.note("Loading the network")
    with interruptible(keep=False, enter_stops=True) as cancel:
        done, threshold = _trained(context, request, cancel)
        _summarise(context.output, done, threshold)
    return done


def _trained(
    context: Context, request: TrainRequest, cancel: Cancel
) -> tuple[TrainDone, Threshold | None]:
    """The training, and its threshold. Raises Cancelled after saying how far it was."""
    from engine.jobs.train import train

    output = context.output
    threshold: Threshold | None = None
    last: EpochDone | None = None

    def emit(event: Event) -> None:
        nonlocal threshold, last
        output.event(event)
        match event:
            case FeaturesProgress():
                bar.update(event.done, event.total)
            case Threshold():
                threshold = event
            case EpochDone():
                last = event
                bar.retitle("Epochs")
                bar.update(event.epoch, event.epochs)
                output.note(epoch_line(event))
            case Notice():
                output.note(event.text, "yellow" if event.level != "info" else "")

    try:
        with context.writing("train"), output.progress("Features", None) as bar:
            done = train(context.workspace, context.settings, request, cancel, emit)
    except Cancelled:
        text = "Given up before the first epoch; the model in use stays."
        if last is not None:
            text = "Given up after epoch {epoch} of {epochs}; the model in use stays."
            text = text.format(epoch=last.epoch, epochs=last.epochs)
        output.result(text)
        raise
    return done, threshold


def _summarise(output: Output, done: TrainDone, threshold: Threshold | None) -> None:
    """What a training brought, and what its figures mean."""
    output.result(
        f"Model {done.model}: recipe {done.recipe}, {len(done.people)} people, "
        f"{done.epochs} epochs, "
        f"best {done.best_epoch}, {done.seconds:.1f} s"
    )
    figures = ", ".join(f"{name} {figure(value, '.3f')}" for name, value in done.metrics.items())
    output.result(figures)
    if threshold is not None:
        output.result(threshold_line(threshold))
    for warning in done.warnings:
        output.note(warning, "yellow")
    if not done.promoted:
        output.result(
            "Kept aside: the model before stays in use. `facedesk model promote "
            f"{done.model}` puts this one in use."
        )


def threshold_line(event: Threshold) -> str:
    """The threshold in force and what it means, the same way for every command."""
    return f"threshold {event.threshold:.2f}. {event.sentence}"


def epoch_line(event: EpochDone) -> str:
    """One epoch as a line of fixed columns; the best so far is marked."""
    best = f"  {'best'}" if event.best == event.epoch else ""
    return (
        f"epoch {event.epoch:3d}/{event.epochs}  loss {_column(event.loss)}  accuracy "
        f"{_column(event.accuracy)}  val_loss "
        f"{_column(event.val_loss)}  val_accuracy {_column(event.val_accuracy)}  TPIR "
        f"{_column(event.tpir)}  FPIR {_column(event.fpir)}  "
        f"{event.seconds:.1f} s"
    ) + best


def _column(value: float) -> str:
    return f"{figure(value, '.4f'):>6}"
