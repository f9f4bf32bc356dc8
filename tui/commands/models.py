"""facedesk model: what models there are, which one is in use, and what they are made of."""

from __future__ import annotations

from pathlib import Path

from engine.contract.requests import ModelRow, Recipe
from engine.desk import library
from engine.model.store import distinct
from tui.cli.context import Context
from tui.words.text import figure


def list_models(context: Context) -> None:
    """Stored models, newest first; on a screen as much of each id as tells it from the others."""
    rows = library.model_rows(context.workspace)
    if context.output.as_json:
        for row in rows:
            context.output.object(
                {
                    "event": "model",
                    "model": row.id,
                    "recipe": row.recipe,
                    "created": row.created,
                    "people": row.people,
                    "epochs": row.epochs,
                    "best_epoch": row.best_epoch,
                    "threshold": row.threshold,
                    "val_accuracy": row.val_accuracy,
                    "current": row.current,
                    "damaged": row.damaged,
                    "damage": row.damage,
                    "aside": row.aside,
                }
            )
        context.output.object({"event": "done", "models": len(rows)})
    elif not rows:
        context.output.result("No model yet. Try: facedesk train")
    else:
        ids = [row.id for row in rows]
        names = ids
        if context.output.on_screen:
            names = [id[: distinct(ids)] for id in ids]
        context.output.table(
            (
                "",
                "!" + "model",
                "recipe",
                "#" + "people",
                "#" + "best epoch",
                "#" + "val accuracy",
                "#" + "threshold",
            ),
            [
                (
                    _state(r),
                    name,
                    r.recipe,
                    str(r.people),
                    f"{r.best_epoch} of {r.epochs}",
                    figure(r.val_accuracy, ".3f"),
                    figure(r.threshold, ".3f"),
                )
                for name, r in zip(names, rows, strict=True)
            ],
        )
        for row in filter(lambda r: r.damaged, rows):
            context.output.note(f"{row.id} is damaged: {row.damage}", "yellow")


def _state(row: ModelRow) -> str:
    """A word about a model."""
    if row.damaged:
        return "damaged"
    return "in use" if row.current else "aside" if row.aside else ""


def promote_model(context: Context, identity: str) -> None:
    """Put a model in use, by its id or how that begins."""
    with context.writing("model promote"):
        promoted = library.promote(context.workspace, identity)
    _now_in_use(context, promoted)


def rollback_model(context: Context) -> None:
    """Go back to the model that was in use before."""
    with context.writing("model rollback"):
        identity = library.rollback(context.workspace)
    _now_in_use(context, identity)


def _now_in_use(context: Context, identity: str) -> None:
    if context.output.as_json:
        context.output.object({"event": "done", "model": identity})
    else:
        context.output.result(f"In use now: {identity}")


def show_layers(context: Context, recipe: Recipe, *, unfreeze: bool) -> None:
    """Every layer of a recipe's network."""
    from engine.model.networks import layers

    people = sum(1 for row in library.person_rows(context.workspace) if row.pictures)
    rows = layers(recipe, people=max(2, people), unfreeze=unfreeze)
    if context.output.as_json:
        for row in rows:
            context.output.object(
                {
                    "event": "layer",
                    "name": row.name,
                    "kind": row.kind,
                    "shape": row.shape,
                    "parameters": row.parameters,
                    "trains": row.trains,
                }
            )
        context.output.object({"event": "done", "layers": len(rows)})
        return
    context.output.table(
        ("layer", "kind", "output", "#" + "parameters", "trains"),
        [
            (
                row.name,
                row.kind,
                " x ".join("n" if size is None else str(size) for size in row.shape),
                f"{row.parameters:,}",
                "yes" if row.trains else "frozen",
            )
            for row in rows
        ],
        f"Recipe {recipe}",
    )
    training = sum(row.parameters for row in rows if row.trains)
    context.output.result(
        f"{sum(row.parameters for row in rows):,} parameters, {training:,} of them train"
    )


def export_model(context: Context, file: Path, identity: str | None) -> None:
    """Save a model as one Keras file."""
    from engine.model.networks import export

    context.output.note("Loading TensorFlow")
    size = export(context.workspace, file, identity)
    context.warn_of_plain(file)
    if context.output.as_json:
        context.output.object({"event": "done", "file": str(file), "bytes": size})
    else:
        context.output.result(
            "Wrote {file} ({size:.0f} MB), {facts} and name_picture.py".format(
                file=file, size=size / 1e6, facts=file.with_suffix(".json").name
            )
        )
