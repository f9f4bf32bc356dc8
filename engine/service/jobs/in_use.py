"""The model in use, or the last intact one before it: recognition goes on, and says with which."""

from __future__ import annotations

from engine.events import Emit, Notice
from engine.i18n import _
from engine.model.store import ModelStore, StoredModel
from engine.workspace import Workspace


def model_in_use(workspace: Workspace, emit: Emit) -> StoredModel:
    """The model in use. If it is damaged, the intact one before it, with a Notice.

    Raises NoModel, and ModelCorrupt if no model is intact.
    """
    model, damage = ModelStore(workspace).load_or_previous()
    if damage is not None:
        text = _(
            "The model in use is damaged ({damage}). The one before it, {older}, is used instead: "
            "`facedesk model rollback` keeps it, or train anew"
        )
        emit(Notice(text=text.format(damage=damage.message, older=model.info.id), level="warning"))
    return model
