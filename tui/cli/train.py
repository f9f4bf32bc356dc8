"""`facedesk split`, `export` and `train`: from pictures to a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
from annotated_types import Ge, Gt, Le, Lt

from engine.contract import EpochDone, SplitDone, Threshold, TrainDone, grouped
from engine.contract.errors import Cancelled, SplitMissing, UsageError
from engine.contract.requests import SplitRequest, TrainRequest
from engine.desk import library
from engine.settings import TRAIN_OPTIONS, BackboneName, SplitSettings, TrainOption
from engine.text import many, percent
from tui.cli.listen import Listener
from tui.cli.options import PATH, NumberRange
from tui.cli.run import Context, command, interruptible
from tui.words.text import SPLIT_BY, figure, span


@command(native=False)
@click.option("--train", type=NumberRange(0, 1), help="Share of training pictures (default 0.70).")
@click.option(
    "--validation", type=NumberRange(0, 1), help="Share of validation pictures (default 0.15)."
)
@click.option("--test", type=NumberRange(0, 1), help="Share of test pictures (default 0.15).")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Same seed, same split.")
@click.option("--random", is_flag=True, help="Mix consecutive frames, only to compare.")
def split(context: Context, seed: int | None, random: bool, **given: float | None) -> None:
    """Divide each person's pictures for training and testing.

    Sessions stay whole; a person with one session is divided into blocks of time.

    \b
    facedesk split
    facedesk split --train 0.8 --validation 0.1 --test 0.1 --seed 7
    """
    configured = context.settings.split
    shares = complete_shares(configured, given["train"], given["validation"], given["test"])
    seed = configured.seed if seed is None else seed
    train, validation, test = shares
    request = SplitRequest(train=train, validation=validation, test=test, seed=seed, random=random)
    make_split(context, request)


def make_split(context: Context, request: SplitRequest) -> SplitDone:
    """Make, save and print a split."""
    library.checked_shares(request)  # before anything is written
    with context.writing("split"):
        done = library.split(context.workspace, request)
    context.output.event(done)
    rows = [
        (name, str(counts["train"]), str(counts["validation"]), str(counts["test"]))
        for name, counts in done.people.items()
    ]
    rows.append(("all", str(done.train), str(done.validation), str(done.test)))
    context.output.table(
        ("name", "#train", "#validation", "#test"), rows, f"Split: {SPLIT_BY[done.mode]}"
    )
    context.output.warn(*grouped(done.warnings))
    return done


def complete_shares(configured: SplitSettings, *given: float | None) -> tuple[float, ...]:
    """Shares for train, validation and test, where any of them may have been left out.

    None given: the configured ones. One missing: the rest to 1. Two missing: the rest, divided
    as configured. Raises UsageError if nothing is left for a missing one.
    """
    usual = configured.train, configured.validation, configured.test
    left = [share for share, one in zip(usual, given, strict=True) if one is None]
    rest = 1 - sum(one for one in given if one is not None)
    if left and rest < -1e-9:
        raise UsageError("The shares sum to more than 1", "", "train + validation + test = 1.")
    part = max(0.0, rest) / (sum(left) or 1.0)
    return tuple(
        share * part if one is None else one for share, one in zip(usual, given, strict=True)
    )


@command()
@click.option(
    "--keras-folders",
    "folder",
    required=True,
    type=PATH,
    help="Write train/NAME, validation/NAME and test/NAME into this new folder.",
)
def export(context: Context, folder: Path) -> None:
    """Export the split's pictures as folders that Keras reads.

    \b
    facedesk export --keras-folders folders/
    """
    from engine.dataset.split import check_fits, load_split
    from engine.jobs.split import export_keras_folders
    from engine.people.permission import permitted

    people = permitted(context.workspace)  # the split leaves out who took their consent back
    found = load_split(context.workspace)
    if found is None:
        raise SplitMissing("There is no split yet", "", "Run `facedesk split` first.")
    check_fits(found, people)
    files = export_keras_folders(context.workspace, people, found, folder)
    context.warn_of_plain(folder)
    words = f"{many(files, 'picture')} written to {folder}"
    context.output.done(words, folder=str(folder), files=files)


def _training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` an option for each name in TRAIN_OPTIONS."""
    for name, option in reversed({each.name: each for each in TRAIN_OPTIONS}.items()):
        recipes = {each.recipe for each in TRAIN_OPTIONS if each.name == name}
        only = "" if None in recipes or len(recipes) > 1 else f" ({option.recipe} only)"
        command = click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=_click_type(option),
            help=f"{option.help}{only}.",
        )(command)
    return command


def _click_type(option: TrainOption) -> click.ParamType[Any]:
    if option.choices:
        return click.Choice([str(choice) for choice in option.choices])
    if option.kind is bool:
        return click.BOOL
    range_kind = click.IntRange if option.kind is int else NumberRange
    low, high = (
        next((option.bounds[each] for each in pair if each in option.bounds), None)
        for pair in ((Ge, Gt), (Le, Lt))
    )
    return range_kind(low, high, min_open=Gt in option.bounds, max_open=Lt in option.bounds)


@command()
@click.option(
    "--recipe",
    type=click.Choice(["head", "classic"]),
    default="head",
    show_default=True,
    help="A head in the face space, or classic VGG16 transfer.",
)
@_training_options
@click.option("--unfreeze", type=click.Choice(["block5"]), help="Fine-tune (classic only).")
@click.option("--weights", help="Other VGG16 weights: a file, or `imagenet` to download Keras'.")
@click.option(
    "--backbone",
    type=click.Choice(get_args(BackboneName)),
    help=(
        "VGG16, the face network (resnet), or both, whose scores are added. Without it both, or "
        "the face network where VGG16 is too slow."
    ),
)
def train(
    context: Context,
    recipe: Any,
    unfreeze: str | None,
    weights: str | None,
    backbone: Any,
    **options: Any,
) -> None:
    """Train a model and put it in use.

    Makes a split if there is none. A model that names fewer pictures than the one in use is kept
    aside. Enter ends the epochs and keeps the best one so far, Ctrl+C gives up.

    \b
    facedesk train
    facedesk train --recipe classic --epochs 5
    """

    request = TrainRequest(
        recipe=recipe,
        backbone=backbone,
        unfreeze=bool(unfreeze),
        weights=weights,
        options={name: value for name, value in options.items() if value is not None},
    )
    train_model(context, request)


def train_model(context: Context, request: TrainRequest) -> TrainDone:
    """Train; say what was trained, how good it is, and whether it is in use.

    Ctrl+C gives up and says how far it was; Enter on a terminal ends the epochs and keeps the best
    one so far.
    """
    from engine.jobs.train import train
    from engine.model.networks import refuse_unfitting

    refuse_unfitting(request)  # before anything is written
    output = context.output
    output.note("Loading the network")
    thresholds: list[Threshold] = []
    epochs: list[EpochDone] = []

    def show_epoch(event: EpochDone) -> None:
        epochs.append(event)
        output.detail(epoch_line(event))

    with interruptible(keep=False, enter_stops=True) as cancel:
        try:
            with context.writing("train"), output.progress("Features", None) as bar:
                emit = Listener(output, bar, {Threshold: thresholds.append, EpochDone: show_epoch})
                done = train(context.workspace, context.settings, request, cancel, emit)
        except Cancelled:
            when = "before the first epoch"
            if epochs:
                when = f"after epoch {epochs[-1].epoch} of {epochs[-1].epochs}"
            output.result(f"Given up {when}. The model in use stays.")
            raise
        output.result(*trained_lines(done, thresholds[-1] if thresholds else None))
    figures = (f"{name} {figure(value, '.3f')}" for name, value in done.metrics.items())
    output.detail(f"Best epoch {done.best_epoch}: {', '.join(figures)}", *grouped(done.details))
    output.warn(*grouped(done.warnings))
    return done


def trained_lines(done: TrainDone, threshold: Threshold | None) -> list[str]:
    """What was trained, on what, how good it is, whether it is in use: a line each."""
    lines = [
        f"Trained on {many(done.pictures, 'picture')} of "
        f"{many(len(done.people), 'person', 'people')} in {span(done.seconds)}."
    ]
    if done.held_out:
        share = percent(done.named / done.held_out)
        lines.append(f"Names {done.named} of {done.held_out} held-out pictures rightly ({share}).")
    if threshold is not None:
        lines.append(threshold.sentence)
    said = [f"Model {done.model} is {'in use' if done.promoted else 'NOT in use'}.", done.why]
    if not done.promoted:
        said.append(f"`facedesk model promote {done.model}` uses it all the same.")
    lines.append(" ".join(filter(None, said)))
    return lines


def epoch_line(event: EpochDone) -> str:
    """One epoch as a line of fixed columns; the best so far is marked."""
    best = "  best" if event.best == event.epoch else ""
    values = (
        ("loss", event.loss),
        ("accuracy", event.accuracy),
        ("val_loss", event.val_loss),
        ("val_accuracy", event.val_accuracy),
        ("TPIR", event.tpir),
        ("FPIR", event.fpir),
    )
    figures = "  ".join(f"{name} {figure(value, '.4f'):>6}" for name, value in values)
    return f"epoch {event.epoch:3d}/{event.epochs}  {figures}  {event.seconds:.1f} s{best}"
