"""Models on disk: folders that appear whole, are verified before use, and can be rolled back.

    models/<id>/head.npz       arrays: `centres` and what else the recipe needs
    models/<id>/labels.json    who the rows of `centres` are: [{id, name, revision}]
    models/<id>/model.json     recipe, counts, split, metrics, history, versions, calibration
    models/<id>/SHA256SUMS     digests of the three, as `sha256sum -c` reads them
    models/current             the id in use, then those in use before it, newest first

A model of which one byte differs, in any of the four files, is refused. Listing and comparing
digests needs neither numpy nor TensorFlow, so the user interface may do it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.contract.errors import DataError, ModelCorrupt, NoModel, Remedy, WorkspaceDenied
from engine.model.epochs import Checkpoint
from engine.model.record import (
    Label,
    ModelDraft,
    ModelInfo,
    StoredModel,
    all_arrays,
    describe,
    parse_info,
    wrong_centres,
)
from engine.text import plain
from engine.workspace.files import new_directory, parse_json, read_bytes, write_bytes
from engine.workspace.folder import Workspace
from engine.workspace.identity import sub_folders

__all__ = ["Label", "ModelDraft", "ModelInfo", "ModelStore", "StoredModel"]

HEAD, LABELS, DESCRIPTION, SUMS = "head.npz", "labels.json", "model.json", "SHA256SUMS"
LARGEST = {HEAD: 1 << 30, LABELS: 64 << 20, DESCRIPTION: 64 << 20, SUMS: 1 << 16}
"""Bytes beyond which a file is refused before it is read."""
LONGEST_ID = 200
MOST_BEFORE = 100
"""Models that were in use before, beyond which the oldest are forgotten."""
LAST_YEAR = 9999
DAY_AND_MINUTE = 13
"""Characters of an id that say when the model was trained, to the minute."""

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

        if not draft.people:
            raise ValueError("a model needs at least one person")
        if reason := wrong_centres(len(draft.people), draft.centres, draft.judged):
            raise ValueError(reason)
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
        """The model of this id, or whose id alone begins so, or the current one, after every check.

        Digests first, then names, types, shapes, unit length. Raises NoModel if there is none
        (or none of this id), ModelCorrupt if anything is wrong; the hint then names the newest
        model that is intact. See `load_or_previous` for who can go on with that one.
        """
        identity = self.current_id() if model is None else self.named(model)
        if identity is None:
            raise NoModel(
                "No model has been trained yet",
                hint="Enrol people, split their pictures, then train.",
            )
        if not _is_id(identity) or not (self._folder / identity).is_dir():
            raise self._corrupt(identity, _Damage("the model in use is missing"))
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
            before = self._before()
            if before is None:
                raise
            return self._verified(before[0]), damage

    def named(self, text: str) -> str:
        """The id that is this, or the only one that begins so. Raises NoModel."""
        ids = self._ids()
        found = [text] if text in ids else [id for id in ids if text and id.startswith(text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoModel(
                "The id of more than one model begins so",
                ", ".join(found),
                "Give more of the one that is meant.",
            )
        raise NoModel("There is no such model", text, Remedy.MODELS)

    def list(self, *, compare: bool = False) -> tuple[ModelInfo, ...]:
        """All models, newest first. Arrays are not verified; see `intact`.

        With `compare` files that do not match their digests make a model a damaged one: it costs
        reading them all.
        """
        return tuple(self._listed(identity, compare) for identity in self._ids())

    def current(self) -> ModelInfo | None:
        """The description of the model in use, None if there is none."""
        return next((info for info in self.list() if info.current), None)

    def require_current(self) -> None:
        """Raise NoModel if no model is in use."""
        if self.current_id() is None:
            raise NoModel("No model has been trained yet", hint=Remedy.ENROL_TRAIN)

    def current_id(self) -> str | None:
        """The id of the model in use, None if none is, empty if the note of it is damaged.

        Whether it is the id of an intact one is `load`'s business. Raises WorkspaceDenied.
        """
        return self._noted()[0]

    def intact(self, model: str) -> bool:
        """Whether the model passes every check that `load` makes."""
        try:
            self._verified(model)
        except _Damage:
            return False
        return True

    def promote(self, model: str) -> ModelInfo:
        """Put a model in use, after verifying it. Raises NoModel or ModelCorrupt.

        Which one it takes the place of is noted, for `rollback`.
        """
        identity = self.load(model).info.id
        current, before = self._in_use()
        if identity != current:
            self._put(identity, before if current is None else (current, *before))
        return self._info(identity)

    def rollback(self) -> ModelInfo:
        """Go back to the model that was in use before the current one; repeat to go further.

        One that is damaged or gone is passed over. Where none is left of those in use before, the
        newest intact older model that was not kept aside is taken. Raises NoModel if there is none
        either; the current one then stays.
        """
        found = self._before()
        if found is None:
            current = self.current_id()
            raise NoModel(
                "There is no model to go back to",
                f"no intact one was in use before {current}" if current else "none was ever in use",
                Remedy.MODELS,
            )
        self._put(*found)
        return self._info(found[0])

    def put_away(self) -> None:
        """Take the model in use out of use, for none; `rollback` still knows those before it.

        Raises DiskFull, WorkspaceUnusable.
        """
        self._put("", self._in_use()[1])

    def beyond(self, keep: int) -> tuple[str, ...]:
        """The oldest models beyond `keep`, but never the current one or its fallback."""
        if keep < 1:
            raise ValueError("keep at least one model")
        old = self._ids()[keep:]
        if not old:
            return ()  # verifying the fallback takes time
        before = self._before()
        needed = {self.current_id(), before[0] if before else None}
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

    def _in_use(self) -> tuple[str | None, tuple[str, ...]]:
        """The id in use, or None, and the ids in use before it, newest first."""
        current, before = self._noted()
        return current, before or self._ancestors(current)

    def _noted(self) -> tuple[str | None, tuple[str, ...]]:
        """`_in_use` as the file has it. One that an earlier version wrote has nothing before."""
        try:
            data = read_bytes(self._current)
        except FileNotFoundError:
            return None, ()
        except WorkspaceDenied:
            raise
        except (OSError, DataError):
            data = b""
        if not data:  # `put_away` leaves an empty line, and nothing of ours an empty file
            return "", ()
        longest = (LONGEST_ID + 1) * (1 + MOST_BEFORE)
        first, *lines = data[:longest].decode("utf-8", "replace").split("\n")
        return first[:LONGEST_ID].strip() or None, tuple(filter(_is_id, lines))

    def _ancestors(self, model: str | None) -> tuple[str, ...]:
        """What was in use when `model` was saved, and when that one was, and so on."""
        found: list[str] = []
        while model is not None and model not in found:
            found.append(model)
            model = self._info(model).previous
        return tuple(found[1:])

    def _put(self, model: str, before: tuple[str, ...]) -> None:
        """Note the id in use (empty for none) and those before it, in one step."""
        lines = (model, *before[:MOST_BEFORE])
        write_bytes(self._current, "".join(f"{line}\n" for line in lines).encode())

    def _before(self) -> tuple[str, tuple[str, ...]] | None:
        """The intact model to fall back on from the one in use, and those in use before that."""
        current, before = self._in_use()
        for place, identity in enumerate(before):
            if identity != current and self.intact(identity):
                return identity, before[place + 1 :]
        if current is None:
            return None
        ids = self._ids()
        for identity in ids:
            older = identity < current or current not in ids
            # One that was kept aside was never in use: nobody wants to be put back to it.
            if older and not self._info(identity).aside and self.intact(identity):
                return identity, ()
        return None

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
            text = f"{DESCRIPTION} or {LABELS} is malformed ({error})"
            return ModelInfo(id=identity, current=current, damaged=text)

    def _read(self, identity: str, name: str) -> bytes:
        path = self._folder / identity / name
        try:
            if not _is_id(identity):
                raise _Damage(f"{identity!r} is not a model's id")
            if os.path.exists(path) and path.stat().st_size > LARGEST[name]:
                raise _Damage(f"{name} is too large")
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
            raise _Damage(f"{HEAD} does not hold the arrays that {DESCRIPTION} lists")
        centres, judged = arrays.pop("centres"), arrays.pop("judged", None)
        if reason := wrong_centres(len(info.people), centres, judged):
            raise _Damage(reason)
        return StoredModel(info, centres, arrays, judged)

    def _compared(self, identity: str) -> dict[str, bytes]:
        """The model's files, each as its digest says; else _Damage."""
        sums = self._read(identity, SUMS)
        files = {name: self._read(identity, name) for name in (HEAD, LABELS, DESCRIPTION)}
        recorded = sums.decode("utf-8", "replace").split("\n")
        for name, data in files.items():
            if f"{hashlib.sha256(data).hexdigest()}  {name}" not in recorded:
                raise _Damage(f"{name} does not match its recorded SHA-256")
        if sums != _sums(files):
            raise _Damage(f"{SUMS} is not as it was written")
        return files

    def _corrupt(self, identity: str, found: _Damage) -> ModelCorrupt:
        if found.cure:
            return ModelCorrupt("The model cannot be read", f"{identity}: {found}", found.cure)
        damage = str(found)
        if identity != self.current_id():
            hint: str = Remedy.MODELS
        elif before := self._before():
            hint = Remedy.ROLLBACK
            damage = f"{damage}; {before[0]}, in use before it, is whole"
        else:
            hint = "No other model is intact. Train again; the pictures are not affected."
        if not _is_id(identity):
            identity = "models/current holds no model's id"
        return ModelCorrupt("The model is damaged", f"{identity}: {damage}", hint)


def distinct(ids: Sequence[str]) -> int:
    """How many characters of each id tell it from all others, down to the minute at least."""
    whole = max(map(len, ids), default=0)
    enough = (n for n in range(DAY_AND_MINUTE, whole) if len({id[:n] for id in ids}) == len(ids))
    return next(enough, whole)


class _Damage(Exception):
    """What is wrong with a model's files; never leaves this module. `cure` is what makes them
    readable, where this user may not read them and nothing is damaged."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what)
        self.cure = cure


_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError)


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
