"""The last evaluation of each model, kept in the workspace: `evaluations/<model>.json`.

The figures belong to a model. They are worth keeping until it is measured again, and few models
are, so that the newest few files stay.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from engine.contract import EvaluateDone
from engine.contract.errors import DataError
from engine.desk.wire import WireError, decode
from engine.model.record import plain
from engine.people.registry import People
from engine.workspace.files import parse_json, read_bytes, write_bytes
from engine.workspace.folder import Workspace
from engine.workspace.identity import before
from engine.workspace.owner import translate_os_errors

FORMAT = 2
BOUNDS_SINCE = 2
"""Before this version the intervals were two-sided: those are not told any more."""
MOST = 10
"""Evaluations that are kept."""
LONGEST = 4 << 20
"""Bytes of the largest file written or read: about 700 people."""
_IDS = "ids"


def save(workspace: Workspace, done: EvaluateDone) -> bool:
    """Keep an evaluation in place of the last one of its model; whether it was small enough.

    The caller holds `Workspace.writer`. Raises DiskFull, WorkspaceUnusable.
    """
    body: dict[str, object] = {"version": FORMAT, "type": type(done).__name__}
    body |= {f.name: getattr(done, f.name) for f in fields(done)}
    # Names change, and folders come to be another's.
    ids = {person.name: person.id for person in People(workspace).list()}
    body[_IDS] = [ids.get(name, "") for name in done.people]
    data = json.dumps(plain(body), separators=(",", ":"), allow_nan=False).encode()
    if len(data) > LONGEST:
        return False
    path = _path(workspace, done.model)
    write_bytes(path, data)
    with translate_os_errors("remove old evaluations", workspace.evaluations):
        # Whatever the clock says: the one just written is the newest.
        others = (file for file in workspace.evaluations.glob("*.json") if file != path)
        files = sorted(others, key=lambda file: file.stat().st_mtime_ns)
        for old in files[: max(0, len(files) + 1 - MOST)]:
            old.unlink(missing_ok=True)
    return True


def load(workspace: Workspace, model: str) -> tuple[EvaluateDone, tuple[str, ...]] | None:
    """The last evaluation of a model and its people's identities in order; None if there is none.

    A damaged file counts as none: it can be measured again.
    """
    path = _path(workspace, model)
    hints = get_type_hints(EvaluateDone)
    try:
        if path.stat().st_size > LONGEST:
            return None
        body = parse_json(read_bytes(path))
        version = body.pop("version", 0)  # 0 had none, and was the same otherwise
        if version > FORMAT:
            return None
        if version < BOUNDS_SINCE:
            body["intervals"] = {}
        folders = body.pop("slugs", None)  # of before there were identities
        ids = tuple(map(str, body.pop(_IDS) if folders is None else map(before, folders)))
        done = decode(json.dumps(body).encode(), b"")
    except (OSError, DataError, ValueError, KeyError, TypeError, AttributeError, WireError):
        return None
    if not isinstance(done, EvaluateDone) or done.model != model:
        return None
    done = replace(
        done, **{f.name: _measured(getattr(done, f.name), hints[f.name]) for f in fields(done)}
    )
    if not all(_fits(getattr(done, f.name), hints[f.name]) for f in fields(done)):
        return None
    return (done, ids) if len(ids) == len(done.people) else None


def _measured(value: Any, hint: Any) -> Any:
    """`value` with NaN for null wherever the annotation says float: JSON has no word for it."""
    inner = get_args(hint)
    if hint is float and value is None:
        return math.nan
    if isinstance(value, Mapping) and len(inner) == 2:
        return {key: _measured(each, inner[1]) for key, each in value.items()}
    if isinstance(value, tuple) and inner:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) == len(value):
            return tuple(map(_measured, value, kinds))
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value read from a file is what the field's annotation says."""
    inner = get_args(hint)
    match get_origin(hint):
        case None:
            numeric = hint is float and type(value) is int
            return numeric or type(value) is hint
        case origin if origin is tuple and inner[-1] is Ellipsis:
            return isinstance(value, tuple) and all(_fits(each, inner[0]) for each in value)
        case origin if origin is tuple:
            whole = isinstance(value, tuple) and len(value) == len(inner)
            return whole and all(map(_fits, value, inner))
        case _:
            return isinstance(value, Mapping) and all(
                _fits(key, inner[0]) and _fits(each, inner[1]) for key, each in value.items()
            )


def _path(workspace: Workspace, model: str) -> Path:
    return workspace.evaluations / f"{Path(model).name}.json"
