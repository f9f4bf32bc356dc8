"""`facedesk model`: what models there are, which one is in use, and what they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.desk import library
from engine.model.store import distinct
from engine.text import percent
from tui.cli.options import PATH, complete_models, model_option
from tui.cli.output import named
from tui.cli.run import Context, SubGroup
from tui.words.tables import model_state

FIELDS = (
    *("recipe", "created", "people", "epochs", "best_epoch", "threshold", "val_accuracy"),
    *("current", "damaged", "damage", "aside"),
)
"""What a script gets of a model, beside its id."""


@click.group(cls=SubGroup)
def model() -> None:
    """List, choose or export models. Without a command: list.

    \b
    facedesk model
    facedesk model rollback
    """


@model.command("list")
def model_list(context: Context) -> None:
    """Stored models, newest first. A screen shows as much of an id as has to be typed.

    \b
    facedesk model list --json
    """
    rows = library.model_rows(context.workspace)
    typed = distinct([row.id for row in rows]) if context.output.on_screen else None
    context.output.records(
        "model",
        rows,
        {
            "": lambda row: model_state(row)[0],
            "!model": lambda row: row.id[:typed],
            "recipe": lambda row: row.recipe,
            "#people": lambda row: str(row.people),
            "#best epoch": lambda row: f"{row.best_epoch} of {row.epochs}",
            "#held-out right": lambda row: percent(row.val_accuracy),
        },
        fields=lambda row: {"model": row.id, **named(row, *FIELDS)},
        empty="No model yet. Try: facedesk train",
    )
    context.output.done(models=len(rows))
    for row in rows:
        if row.damaged:
            context.output.warn(f"{row.id} is damaged: {row.damage}")


@model.command("layers", native=True)
@click.option("--recipe", type=click.Choice(["head", "classic"]), default="head", show_default=True)
@click.option("--unfreeze", type=click.Choice(["block5"]), help="As for `train`.")
def model_layers(context: Context, recipe: Any, unfreeze: str | None) -> None:
    """Every layer with its shape, its parameters and whether it trains.

    \b
    facedesk model layers --recipe classic --unfreeze block5
    """
    from engine.model.networks import layers

    people = sum(1 for row in library.person_rows(context.workspace) if row.pictures)
    rows = layers(recipe, people=max(2, people), unfreeze=bool(unfreeze))
    context.output.records(
        "layer",
        rows,
        {
            "layer": lambda row: row.name,
            "kind": lambda row: row.kind,
            "output": lambda row: " x ".join("n" if n is None else str(n) for n in row.shape),
            "#parameters": lambda row: f"{row.parameters:,}",
            "trains": lambda row: "yes" if row.trains else "frozen",
        },
        title=f"Recipe {recipe}",
    )
    total = sum(row.parameters for row in rows)
    training = sum(row.parameters for row in rows if row.trains)
    words = f"{total:,} parameters, {training:,} of them train"
    context.output.done(words, layers=len(rows))


@model.command("export", native=True)
@click.argument("file", type=PATH, default=Path("identity_vgg.keras"))
@model_option
def model_export(context: Context, file: Path, model: str | None) -> None:
    """Save the model in use as one Keras FILE, .keras or .h5 (default identity_vgg.keras).

    Names and threshold lie beside it as JSON, and name_picture.py uses both without Facedesk.

    \b
    facedesk model export identity_vgg.keras
    facedesk model export identity_vgg.h5
    """
    from engine.model.networks import export

    context.output.note("Loading TensorFlow")
    size = export(context.workspace, file, model)
    context.warn_of_plain(file)
    context.output.done(
        f"Wrote {file} ({size / 1e6:.0f} MB), {file.with_suffix('.json').name} and name_picture.py",
        file=str(file),
        bytes=size,
    )


@model.command("promote", writes=True)
@click.argument("identity", shell_complete=complete_models)
def model_promote(context: Context, identity: str) -> None:
    """Put the model in use whose id this is, or alone begins so.

    \b
    facedesk model promote 20261124T1604
    facedesk model promote 20261124T160403464Z-head-bc9b
    """
    promoted = library.promote(context.workspace, identity)
    _now_in_use(context, promoted)


@model.command("rollback", writes=True)
def model_rollback(context: Context) -> None:
    """Go back to the model that was in use before.

    \b
    facedesk model rollback
    """
    identity = library.rollback(context.workspace)
    _now_in_use(context, identity)


def _now_in_use(context: Context, identity: str) -> None:
    context.output.done(f"In use now: {identity}", model=identity)
