"""Models on disk: folders that appear whole, are verified before use, and can be rolled back.

    models/<id>/head.npz       arrays: `centres` and what else the recipe needs
    models/<id>/labels.json    who the rows of `centres` are: [{id, name, revision}]
    models/<id>/model.json     recipe, counts, split, metrics, history, versions, calibration
    models/<id>/SHA256SUMS     digests of the three, as `sha256sum -c` reads them
    models/current             the id in use

A model of which one byte differs, in any of the four files, is refused. Listing and comparing
digests needs neither numpy nor TensorFlow, so the user interface may do it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.enrol.folders import sub_folders
from engine.errors import DataError, ModelCorrupt, NoModel, WorkspaceDenied
from engine.files import (
    new_directory,
    parse_json,
    read_bytes,
    remove_directory,
    write_bytes,
)
from engine.i18n import _
from engine.model.epochs import Checkpoint
from engine.model.record import (
    Label,
    ModelDraft,
    ModelInfo,
    StoredModel,
    all_arrays,
    checked_centres,
    describe,
    parse_info,
    plain,
    wrong_centres,
)
from engine.workspace import Workspace

__all__ = ["Label", "ModelDraft", "ModelInfo", "ModelStore", "StoredModel"]

HEAD, LABELS, DESCRIPTION, SUMS = "head.npz", "labels.json", "model.json", "SHA256SUMS"
LARGEST = {HEAD: 1 << 30, LABELS: 64 << 20, DESCRIPTION: 64 << 20, SUMS: 1 << 16}
"""Bytes beyond which a file is refused before it is read."""
LONGEST_ID = 200
LAST_YEAR = 9999

_ID = re.compile(r"([0-9]{8}T[0-9]{6})[0-9]{3}Z-[a-z]+-[0-9a-f]{4}")


class ModelStore:
    """The models of one workspace. Writers hold `workspace.writer()`; readers need no lock."""

    def __init__(
        self, workspace: Workspace, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = workspace.models
        self._current = workspace.models / "current"
        self._now = now

    def save(self, draft: ModelDraft) -> ModelInfo:
        """Write a model as one folder that appears when complete. It is not promoted.

        The checkpoint of its training is needed no more. Raises ValueError if the draft does not
        fit itself, DiskFull, WorkspaceUnusable.
        """
        from engine.model.arrays import pack

        checked_centres(draft)
        head = pack(all_arrays(draft))
        created = self._moment()
        identity = f"{_stamp(created)}-{draft.recipe}-{hashlib.sha256(head).hexdigest()[:4]}"
        if not _ID.fullmatch(identity):
            raise ValueError(f"the recipe's name must be lower-case letters, not {draft.recipe!r}")
        labels = [dict(zip(("id", "name", "revision"), p, strict=True)) for p in draft.people]
        moment = created.isoformat(timespec="milliseconds")
        description = describe(draft, identity, moment, self.current_id() or None)
        files = {HEAD: head, LABELS: _json(labels), DESCRIPTION: _json(description)}
        with new_directory(self._folder / identity) as folder:
            for name, data in {**files, SUMS: _sums(files)}.items():
                write_bytes(folder / name, data)
        Checkpoint(self._folder, draft.recipe).clear()
        return self._info(identity)

    def load(self, model: str | None = None) -> StoredModel:
        """The model of this id, or the current one, after every check.

        Digests first, then names, types, shapes, unit length. Raises NoModel if there is none
        (or none of this id), ModelCorrupt if anything is wrong; the hint then names the newest
        model that is intact. See `load_or_previous` for who can go on with that one.
        """
        identity = self.current_id() if model is None else model
        if identity is None:
            raise NoModel(
                _("No model has been trained yet"),
                hint=_("Enrol people, split their pictures, then train."),
            )
        if identity not in self._ids():
            if model is not None:
                raise NoModel(_("There is no such model"), model, _("See `facedesk model list`."))
            raise self._corrupt(identity, _Damage(_("the model in use is missing")))
        try:
            return self._verified(identity)
        except _Damage as damage:
            raise self._corrupt(identity, damage) from damage

    def load_or_previous(self) -> tuple[StoredModel, ModelCorrupt | None]:
        """The model in use; or, if it is damaged, the intact one before it, and what is wrong.

        Nothing is promoted: the damaged one stays in use until somebody decides. Raises NoModel,
        and ModelCorrupt if no older model is intact.
        """
        try:
            return self.load(), None
        except ModelCorrupt as damage:
            current = self.current_id()
            older = self._before(current) if current is not None else None
            if older is None:
                raise
            return self._verified(older), damage

    def list(self, *, compare: bool = False) -> tuple[ModelInfo, ...]:
        """All models, newest first. Arrays are not verified; see `intact`.

        With `compare` files that do not match their digests make a model a damaged one: it costs
        reading them all.
        """
        return tuple(self._listed(identity, compare) for identity in self._ids())

    def current_id(self) -> str | None:
        """What is noted as the model in use, None if nothing is, empty if the note is damaged.
        Whether it is the id of an intact one is `load`'s business. Raises WorkspaceDenied."""
        try:
            data = read_bytes(self._current)
        except FileNotFoundError:
            return None
        except WorkspaceDenied:
            raise
        except DataError:
            return ""
        return data[:LONGEST_ID].decode("utf-8", "replace").strip()

    def intact(self, model: str) -> bool:
        """Whether the model passes every check that `load` makes."""
        try:
            self._verified(model)
        except _Damage:
            return False
        return True

    def promote(self, model: str) -> ModelInfo:
        """Put a model in use, after verifying it. Raises NoModel or ModelCorrupt."""
        self.load(model)
        write_bytes(self._current, f"{model}\n".encode())
        return self._info(model)

    def rollback(self) -> ModelInfo:
        """Go back to the model that was in use before the current one; repeat to go further.

        A damaged one is passed over. Where the trail is lost, the newest intact older model is
        taken. Raises NoModel if none is left; the current one then stays.
        """
        current = self.current_id()
        target = self._before(current) if current is not None else None
        if target is None:
            raise NoModel(
                _("There is no older model to go back to"),
                _("{current} is the oldest intact one").format(current=current)
                if current
                else _("none was ever in use"),
                _("Train a new one."),
            )
        return self.promote(target)

    def prune(self, keep: int) -> tuple[str, ...]:
        """Remove the oldest models beyond `keep`, never the current one or its fallback."""
        gone = self.beyond(keep)
        for identity in gone:
            remove_directory(self._folder / identity)
        return gone

    def beyond(self, keep: int) -> tuple[str, ...]:
        """What `prune` removes."""
        if keep < 1:
            raise ValueError("keep at least one model")
        old = self._ids()[keep:]
        if not old:
            return ()  # verifying the fallback takes time
        current = self.current_id()
        needed = {current, self._before(current) if current else None}
        return tuple(identity for identity in old if identity not in needed)

    # --- inside -------------------------------------------------------------------------------

    def _ids(self) -> tuple[str, ...]:
        """Ids of all models, newest first. Raises WorkspaceUnusable."""
        names = (entry.name for entry in sub_folders(self._folder))
        return tuple(sorted(filter(_is_id, names), reverse=True))

    def _moment(self) -> datetime:
        """Now, or just after the newest model if the clock says otherwise: ids must sort."""
        now = self._now().astimezone(UTC)
        newest = next(iter(self._ids()), None)
        if newest is not None and _stamp(now) <= newest[:19]:
            return _moment_of(newest[:19])
        return now

    def _before(self, model: str) -> str | None:
        """The intact model to fall back on from `model`, or None."""
        seen = {model}
        info = self._info(model)
        while info.previous is not None and info.previous not in seen:
            if self.intact(info.previous):
                return info.previous
            seen.add(info.previous)
            info = self._info(info.previous)
        ids = self._ids()
        older = (identity for identity in ids if identity < model or model not in ids)
        return next((identity for identity in older if self.intact(identity)), None)

    def _listed(self, identity: str, compare: bool) -> ModelInfo:
        info = self._info(identity)
        if compare and not info.damaged:
            try:
                self._compared(identity)
            except _Damage as damage:
                return replace(info, damaged=str(damage))
        return info

    def _info(self, identity: str) -> ModelInfo:
        current = identity == self.current_id()
        try:
            description = parse_json(self._read(identity, DESCRIPTION))
            labels = parse_json(self._read(identity, LABELS))
            return parse_info(identity, description, labels, current)
        except _Damage as damage:
            return ModelInfo(id=identity, current=current, damaged=str(damage))
        except _MALFORMED as error:
            text = _("{file} or {other} is malformed ({error})").format(
                file=DESCRIPTION, other=LABELS, error=error
            )
            return ModelInfo(id=identity, current=current, damaged=text)

    def _read(self, identity: str, name: str) -> bytes:
        path = self._folder / identity / name
        try:
            if not _is_id(identity):
                raise _Damage(_("{identity!r} is not a model's id").format(identity=identity))
            if os.path.exists(path) and path.stat().st_size > LARGEST[name]:
                raise _Damage(_("{name} is too large").format(name=name))
            return read_bytes(path)
        except FileNotFoundError as error:
            raise _Damage(f"{name}: {error.strerror}") from error
        except WorkspaceDenied as error:
            raise _Damage(error.message, cure=error.hint) from error
        except DataError as error:
            raise _Damage(f"{name}: {error.message}") from error

    def _verified(self, identity: str) -> StoredModel:
        """The model, all checks passed; else _Damage."""
        from engine.model.arrays import unpack

        files = self._compared(identity)
        info = self._info(identity)
        if info.damaged:
            raise _Damage(info.damaged)
        try:
            arrays = unpack(files[HEAD], HEAD)
        except ModelCorrupt as error:
            raise _Damage(error.message) from error
        listed = parse_json(files[DESCRIPTION]).get("arrays")
        found = {n: {"dtype": a.dtype.str, "shape": list(a.shape)} for n, a in arrays.items()}
        if listed != found or "centres" not in arrays:
            raise _Damage(
                _("{head} does not hold the arrays that {description} lists").format(
                    head=HEAD, description=DESCRIPTION
                )
            )
        centres, judged = arrays.pop("centres"), arrays.pop("judged", None)
        for rows in (centres,) if judged is None else (centres, judged):
            reason = wrong_centres(rows, len(info.people))
            if reason:
                raise _Damage(reason)
        return StoredModel(info, centres, arrays, judged)

    def _compared(self, identity: str) -> dict[str, bytes]:
        """The model's files, each as its digest says; else _Damage."""
        sums = self._read(identity, SUMS)
        files = {name: self._read(identity, name) for name in (HEAD, LABELS, DESCRIPTION)}
        recorded = sums.decode("utf-8", "replace").split("\n")
        for name, data in files.items():
            if f"{hashlib.sha256(data).hexdigest()}  {name}" not in recorded:
                raise _Damage(_("{name} does not match its recorded SHA-256").format(name=name))
        if sums != _sums(files):
            raise _Damage(_("{name} is not as it was written").format(name=SUMS))
        return files

    def _corrupt(self, identity: str, damage: _Damage) -> ModelCorrupt:
        if not _is_id(identity):
            identity = _("models/current holds no model's id")
        if damage.cure:
            return ModelCorrupt(_("The model cannot be read"), f"{identity}: {damage}", damage.cure)
        older = self._before(identity)
        hint = (
            _("`facedesk model rollback` returns to an intact one, {older}; or train anew.").format(
                older=older
            )
            if older
            else _("No other model is intact: train anew. Pictures and features are not affected.")
        )
        return ModelCorrupt(_("The model is damaged"), f"{identity}: {damage}", hint)


class _Damage(Exception):
    """What is wrong with a model's files; never leaves this module. `cure` is what makes them
    readable, where this user may not read them and nothing is damaged."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what)
        self.cure = cure


_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError)


def _sums(files: Mapping[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    return "".join(lines).encode()


def _json(value: Any) -> bytes:
    return (json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _is_id(text: str) -> bool:
    """Whether this can be a model's id: its stamp is a time that others can come after."""
    found = _ID.fullmatch(text)
    try:
        return found is not None and datetime.strptime(found[1], "%Y%m%dT%H%M%S").year < LAST_YEAR
    except ValueError:
        return False


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z"


def _moment_of(stamp: str) -> datetime:
    """The first moment whose stamp sorts after `stamp`."""
    whole = datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return whole + timedelta(milliseconds=int(stamp[15:18]) + 1)
