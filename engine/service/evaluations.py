"""The last evaluation of each model, kept in the workspace: `evaluations/<model>.json`.

The figures belong to a model. They are worth keeping until it is measured again, and few models
are, so that the newest few files stay.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from engine.enrol.people import People
from engine.errors import DataError
from engine.events import EvaluateDone
from engine.files import read_bytes, translate_os_errors, write_bytes
from engine.i18n import _
from engine.service.wire import WireError, decode
from engine.workspace import Workspace

MOST = 10
"""Evaluations that are kept."""
LONGEST = 4 << 20
"""Bytes of the largest file written or read: about 700 people."""
_SLUGS = "slugs"


def save(workspace: Workspace, done: EvaluateDone) -> bool:
    """Keep an evaluation in place of the last one of its model; whether it was small enough.

    The caller holds `Workspace.writer`. Raises DiskFull, WorkspaceUnusable.
    """
    body = {"type": type(done).__name__} | {f.name: getattr(done, f.name) for f in fields(done)}
    # Names change, folders do not.
    slugs = {person.name: person.slug for person in People(workspace).list()}
    body[_SLUGS] = [slugs.get(name, "") for name in done.people]
    data = json.dumps(body, separators=(",", ":")).encode()
    if len(data) > LONGEST:
        return False
    write_bytes(_path(workspace, done.model), data)
    with translate_os_errors(_("remove old evaluations"), workspace.evaluations):
        files = sorted(workspace.evaluations.glob("*.json"), key=lambda f: f.stat().st_mtime_ns)
        for old in files[:-MOST]:
            old.unlink(missing_ok=True)
    return True


def load(workspace: Workspace, model: str) -> tuple[EvaluateDone, tuple[str, ...]] | None:
    """The last evaluation of a model and its people's folders in order; None if there is none.

    A damaged file counts as none: it can be measured again.
    """
    path = _path(workspace, model)
    try:
        if path.stat().st_size > LONGEST:
            return None
        body = json.loads(read_bytes(path))
        slugs = tuple(str(slug) for slug in body.pop(_SLUGS))
        done = decode(json.dumps(body).encode(), b"")
    except (OSError, DataError, ValueError, KeyError, TypeError, AttributeError, WireError):
        return None
    fits = isinstance(done, EvaluateDone) and done.model == model
    return (done, slugs) if fits and len(slugs) == len(done.people) else None


def _path(workspace: Workspace, model: str) -> Path:
    return workspace.evaluations / f"{Path(model).name}.json"
