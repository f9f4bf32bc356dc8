"""The model in use, or the last intact one before it: recognition goes on, and says with which."""

from __future__ import annotations

from engine.events import Emit, Notice
from engine.model.store import ModelStore, StoredModel
from engine.workspace import Workspace


def model_in_use(workspace: Workspace, emit: Emit) -> StoredModel:
    """The model in use. If it is damaged, the intact one before it, with a Notice.

    Raises NoModel, and ModelCorrupt if no model is intact.
    """
    model, damage = ModelStore(workspace).load_or_previous()
    if damage is not None:
        emit(
            Notice(
                text=(
                    f"The model in use is damaged ({damage.message}). The one before "
                    f"it, {model.info.id}, is used instead: "
                    "`facedesk model rollback` keeps it, or train anew"
                ),
                level="warning",
            )
        )
    return model
