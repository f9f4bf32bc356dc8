"""Where a person's data lie outside models, and how each place is emptied of them.

Every step may be done twice: one that was cut short is simply done again. The caller holds
`Workspace.writer`, after `Workspace.recover` and `tidy`.

A person's templates: their class in models.

The model in use goes on without them. Its centres are made anew from the pictures of the others,
where all their embeddings are cached: nothing of it then depends on the person, and what is kept
of thresholds is each of the others' own, but for how near others from the same camera came.
Where they are not, the person's row is cut out and the others' stay; training had adjusted those
beside the person. Recipe `classic` has a network trained on the pictures themselves: it goes, and
recipe `head` takes its place.
Every other model that includes the person is deleted: nobody goes back to it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.camera.recording_folder import EVENTS, SESSION
from engine.contract.errors import DataError, FacedeskError
from engine.model.epochs import drop_all
from engine.model.record import ModelDraft, ModelInfo, StoredModel
from engine.model.store import ModelStore
from engine.people import roster, traces
from engine.people.person import slug_for
from engine.people.registry import People, StrangerArea
from engine.people.trash import MANIFEST
from engine.people.unknown import ChoiceMemory
from engine.rights import receipt
from engine.rights.copies import copies, empty_folders, sightings
from engine.rights.doubts import keeps_others, pictures_below
from engine.rights.evidence import (
    RECORDS,
    Evidence,
    concerns,
    files_below,
    is_anothers,
    labels_of,
    owners_in,
    told_from,
)
from engine.rights.mentions import Mentions, Unread, contents
from engine.rights.purge import recordings_below
from engine.text import name_key
from engine.workspace.audit import Audit
from engine.workspace.files import open_inside, read_json, remove_directory, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import SESSION_FILE, is_session_id, sub_folders
from engine.workspace.owner import translate_os_errors

if TYPE_CHECKING:
    from engine.model.vectors import Float32


Counts = dict[str, int]


def person(workspace: Workspace, who: Evidence) -> Counts:
    """Pictures, records, consent, features, embeddings, split entries: gone from recognition."""
    if is_anothers(workspace, who):  # who is erased lies in the trash
        return {}
    folder = workspace.people / who.slug
    counts = {
        "pictures": sum(file.suffix == ".png" for file in files_below(folder)),
        "sessions": sum(is_session_id(entry.name) for entry in sub_folders(folder)),
        "feature files": sum(
            1 for each in traces.feature_files(workspace, who.slug) for _file in files_below(each)
        ),
    }
    People(workspace).delete_slug(who.slug)
    traces.remove(workspace, who.slug)
    return counts


def trash(workspace: Workspace, who: Evidence) -> Counts:
    """Changes that hold the person; of one that deleted others too, only the person's part."""
    mentions = who.mentions(workspace)
    counts = {"changes in the trash": 0, "pictures in the trash": 0}
    for entry in sub_folders(workspace.trash):
        folder = Path(entry.path)
        try:
            manifest = read_json(folder / MANIFEST)
            steps = [(str(a), str(b), bool(c)) for a, b, c in manifest["steps"]]
        except (FileNotFoundError, DataError, KeyError, TypeError, ValueError):
            manifest, steps = {}, []
        owners = owners_in(manifest)
        mine = [s for s in steps if any(concerns(path, owners, who.ids) for path in s[:2])]
        theirs = [step for step in steps if step not in mine]
        # By name only where the manifest does not say which person's it is: names are others' too.
        words = json.dumps([manifest.get("title"), manifest.get("back")])
        known = any(place.startswith("people/") for place in owners)
        named = not known and mentions.within(words)
        if not (mine or named):
            _clean_manifest(folder, manifest, who)
            continue
        counts["changes in the trash"] += 1
        owned = any(keeps_others(folder, a, b, owners, who) for a, b, _optional in theirs)
        if owned or (theirs and all(target.startswith("@/kept/") for _s, target, _o in steps)):
            gone = [folder.joinpath(*target.split("/")[1:]) for _source, target, _optional in mine]
            counts["pictures in the trash"] += sum(map(_pictures, gone))
            for path in gone:
                _remove(path)
            left = [
                list(pair)
                for pair in manifest["names"]
                if owners.get(f"people/{pair[0]}") not in who.ids
            ]
            words = ", ".join(pair[1] for pair in left) or "what others had"
            manifest |= {
                "steps": [list(step) for step in theirs],
                "names": left,
                "people": {place: id for place, id in owners.items() if id not in who.ids},
                "title": f"Deleted {words}",
                "back": f"{words}: back",
                "pictures": _pictures(folder),
            }
            _clean_manifest(folder, manifest, who, changed=True)
        else:
            counts["pictures in the trash"] += _pictures(folder)
            remove_directory(folder)
    return counts


def choices(workspace: Workspace, who: Evidence) -> Counts:
    """Choices made in the unknown list about the person, or that cannot be undone any more."""
    return {"choices": ChoiceMemory(workspace).forget(who.ids)}


def strangers(workspace: Workspace, who: Evidence) -> Counts:
    """Strangers told from the person ("Not NAME") lose that name; they are somebody else."""
    area, mentions = StrangerArea(workspace), who.mentions(workspace)
    registry = People(area)
    renamed = 0
    for each in registry.list():
        for session in each.sessions:
            _forget_source(area.people / each.slug / session.id / SESSION_FILE, mentions)
        if not told_from(each, who):
            continue
        stem = "Stranger {when}".format(when=each.created[:16].replace("T", " "))
        number, name = 1, stem
        while any(name_key(name) == name_key(p.name) for p in registry.list()):
            number, name = number + 1, f"{stem} ({number})"
        registry.rename(each.name, name)
        registry.forget_apart_from(each.slug)
        slug = slug_for(name, lambda candidate: (area.people / candidate).exists())
        features = traces.feature_files(area, each.slug)
        with translate_os_errors("move a folder", area.people / slug):
            (area.people / each.slug).rename(area.people / slug)
            for rows in features:
                rows.rename(rows.with_name(slug))
        Audit(area).forget(each.id)
        renamed += 1
    registry.tidy()  # the features of one whose renaming was cut short
    return {"strangers renamed": renamed}


def waiting_names(workspace: Workspace, who: Evidence) -> Counts:
    """The roster's entry."""
    try:
        entries = roster.entries(workspace)
    except FacedeskError:
        return {}
    keys = {name_key(name) for name in who.names}
    kept = [entry for entry in entries if name_key(entry.name) not in keys]
    if len(kept) < len(entries):
        body = [{"name": entry.name, "consent": entry.consent} for entry in kept]
        write_json(workspace.root / roster.FILE, {"version": 1, "names": body})
    return {"names on the roster": len(entries) - len(kept)}


def evaluations(workspace: Workspace, who: Evidence) -> Counts:
    """Evaluations with a row, a matrix line or a doubtful picture of the person."""
    mentions = who.mentions(workspace)
    gone = 0
    for file in files_below(workspace.evaluations):
        if mentions.within_bytes(_data(file)):
            _unlink(file)
            gone += 1
    return {"evaluations": gone}


def remembered(workspace: Workspace, who: Evidence) -> Counts:
    """What the app remembers of its last use."""
    file, mentions = workspace.root / "ui.json", who.mentions(workspace)
    try:
        body = read_json(file)
    except (FileNotFoundError, DataError):
        return {}
    if not isinstance(body, dict):
        return {}
    kept = {k: v for k, v in body.items() if not mentions.within(json.dumps([k, v]))}
    if kept != body:
        write_json(file, kept)
    return {"remembered values": len(body) - len(kept)}


def recordings(workspace: Workspace, who: Evidence) -> Counts:
    """Recordings below the workspace whose request or events name the person, whole."""
    mentions = who.mentions(workspace)
    gone = 0
    for folder in list(recordings_below(workspace)):
        texts = (folder.name.encode(), _data(folder / SESSION), _data(folder / EVENTS))
        if any(map(mentions.within_bytes, texts)):
            remove_directory(folder)
            gone += 1
    return {"recordings": gone}


def logs(workspace: Workspace, who: Evidence) -> Counts:
    """Lines that name the person. Facedesk logs faults, not people, but a fault may quote a path.

    The files are changed in place: running processes have them open.
    """
    mentions = who.mentions(workspace)
    gone = 0
    for file in files_below(workspace.logs):
        with (
            translate_os_errors("clean a log", file),
            os.fdopen(open_inside(file, os.O_RDWR | os.O_NONBLOCK), "r+b") as log,
        ):
            lines = log.read().splitlines(keepends=True)
            kept = [line for line in lines if not mentions.within(line.decode("utf-8", "replace"))]
            if len(kept) < len(lines):
                log.seek(0)
                log.writelines(kept)
                log.truncate()
                gone += len(lines) - len(kept)
    return {"log lines": gone}


def receipts(workspace: Workspace, who: Evidence) -> Counts:
    """Former receipts that name a file which bears the name."""
    return {"names in receipts": receipt.forget(workspace, who.mentions(workspace))}


STEPS: Mapping[str, Callable[[Workspace, Evidence], Counts]] = {
    "person": person,
    "sightings": sightings,
    "trash": trash,
    "choices": choices,
    "strangers": strangers,
    "roster": waiting_names,
    "evaluations": evaluations,
    "remembered": remembered,
    "recordings": recordings,
    "copies": copies,
    "folders": empty_folders,
    "logs": logs,
    "receipts": receipts,
}
"""The steps by name, in their order. That of models stands in `templates`."""


# --- helpers -------------------------------------------------------------------------------------


def _clean_manifest(
    folder: Path, manifest: dict[str, Any], who: Evidence, *, changed: bool = False
) -> None:
    """Take the person out of the split entries that an undo would put back."""
    split = manifest.get("split")
    if isinstance(split, dict) and split:
        theirs = owners_in(manifest).get(f"people/{who.slug}") in who.ids
        if theirs and isinstance(split.get("people"), dict):
            changed |= split["people"].pop(who.slug, None) is not None
        changed |= bool(split.pop("warnings", None))  # an earlier version kept names in them
    if changed:
        write_json(folder / MANIFEST, manifest)


def _forget_source(file: Path, mentions: Mentions) -> None:
    with contextlib.suppress(FileNotFoundError, DataError):
        head = read_json(file)
        if isinstance(head, dict) and mentions.within(str(head.get("source"))):
            write_json(file, {**head, "source": re.split(r", ", str(head["source"]))[0]})


def _pictures(path: Path) -> int:
    return sum(1 for _digest in pictures_below(path))


def _remove(path: Path) -> None:
    with translate_os_errors("remove a file", path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _unlink(file: Path) -> None:
    with translate_os_errors("remove a file", file):
        file.unlink(missing_ok=True)


def _data(file: Path) -> bytes:
    """What a file says; nothing where it cannot be read: the final search tells of that."""
    with contextlib.suppress(FileNotFoundError, Unread):
        return contents(file)
    return b""


InUse = Literal["untouched", "made anew", "class removed", "deleted"]


def models(workspace: Workspace, who: Evidence) -> tuple[InUse, dict[str, int]]:
    """Take the person out of the model in use, delete the others that include them."""
    store = ModelStore(workspace)
    infos = store.list()
    current = next((info for info in infos if info.current), None)
    theirs = {info.id: labels_of(workspace, info, who) for info in infos}
    state: InUse = "untouched"
    if current is not None and (theirs[current.id] or current.damaged):
        state = _replace(workspace, store, current, theirs[current.id])
    drop_all(workspace.models)  # trainings that were cut short; they begin anew
    # A damaged one might know them.
    gone = [info.id for info in infos if theirs[info.id] or info.damaged]
    for identity in gone:
        remove_directory(workspace.models / identity)
    return state, {"models": len(gone)}


def _replace(
    workspace: Workspace, store: ModelStore, info: ModelInfo, theirs: frozenset[str]
) -> InUse:
    try:
        model = store.load(info.id)
    except FacedeskError:
        model = None
    people = [label for label in info.people if label[0] not in theirs]
    if model is None or not people:
        store.put_away()
        return "deleted"
    ids = [label[0] for label in people]
    kept = [row for row, label in enumerate(model.labels) if label[0] not in theirs]
    everything = "enrolled_on" if "enrolled_on" in info.details else "trained_on"
    made = _made_anew(workspace, info, ids, everything)
    judged = None
    if model.judged is not None:
        anew = _made_anew(workspace, info, ids, "trained_on")
        judged = model.judged[kept] if anew is None else anew
    centres = model.centres[kept] if made is None else made
    store.promote(store.save(_without(model, theirs, centres, judged)).id)
    return "class removed" if made is None else "made anew"


def _without(model: StoredModel, theirs: frozenset[str], centres: Any, judged: Any) -> ModelDraft:
    """The model without the people of these identities, as a draft of recipe `head`."""
    info = model.info
    rows = [row for row, label in enumerate(model.labels) if label[0] in theirs]
    kept = ("preprocessing", "backbone", "weights", "weights_source", "extractor", "face_space")
    details = {name: info.details[name] for name in (*kept, "versions") if name in info.details}
    split = {k: v for k, v in dict(info.details.get("split", {})).items() if k != "digest"}
    records = {
        name: {k: v for k, v in dict(info.details[name]).items() if k not in theirs}
        for name in RECORDS
        if name in info.details
    }
    if "judged" in info.details:
        details["judged"] = _calibration_without(info.details["judged"], theirs, rows)
    return ModelDraft(
        recipe="head",
        people=[label for label in model.labels if label[0] not in theirs],
        centres=centres,
        judged=judged,
        threshold=info.threshold,
        calibration=_calibration_without(info.calibration, theirs, rows),
        details={**details, **records, "split": split, "unfreeze": False, "erased": 1},
    )


def _calibration_without(
    found: Mapping[str, Any], theirs: frozenset[str], rows: Sequence[int]
) -> dict[str, Any]:
    """A calibration's record without what it keeps of these identities, who are in `rows`."""
    made = dict(found)
    if isinstance(made.get("own"), Mapping):
        made["own"] = {k: v for k, v in made["own"].items() if k not in theirs}
    if isinstance(made.get("raised"), list):
        made["raised"] = [each for i, each in enumerate(made["raised"]) if i not in rows]
    return made


def _made_anew(
    workspace: Workspace, info: ModelInfo, ids: Sequence[str], record: str
) -> Float32 | None:
    """Centres of these people from their own cached embeddings, of the pictures that the detail
    `record` lists; None if one is not there."""
    import numpy as np

    from engine.model.feature_store import kept_embeddings
    from engine.model.record import decode
    from engine.model.vectors import class_centres

    trained = info.details.get(record, {})
    extractor, space = info.details.get("extractor", ""), info.details.get("face_space", "")
    pieces, labels = [], []
    folders = {person.id: person.slug for person in People(workspace).list()}
    try:
        for row, id in enumerate(ids):
            slug, sessions = folders[id], trained[id]
            for session, files in sessions.items():
                names = sorted(decode(files))
                found = kept_embeddings(workspace, extractor, space, slug, session, names)
                if found is None:
                    return None
                pieces.append(found)
                labels += [row] * len(names)
        return class_centres(np.concatenate(pieces), np.array(labels), len(ids))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
