"""Where a person's data lie outside models, and how each place is emptied of them.

Every step may be done twice: one that was cut short is simply done again. The caller holds
`Workspace.writer`, after `Workspace.recover` and `tidy`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.audit import Audit
from engine.camera.tape_folder import EVENTS, SESSION
from engine.enrol import roster, traces
from engine.enrol.folders import SESSION_FILE, is_session_id, sub_folders
from engine.enrol.inbox_memory import ChoiceMemory
from engine.enrol.names import name_key, slug_for
from engine.enrol.people import People
from engine.enrol.strangers import StrangerArea
from engine.enrol.trash import MANIFEST
from engine.errors import DataError, FacedeskError
from engine.files import (
    open_inside,
    read_json,
    remove_directory,
    translate_os_errors,
    write_json,
)
from engine.service.erasure import receipt
from engine.service.erasure.copies import copies, empty_folders
from engine.service.erasure.evidence import Evidence, files_below
from engine.service.erasure.mentions import Mentions
from engine.service.erasure.others import keeps_others, pictures_below
from engine.service.erasure.reading import Unread, contents
from engine.service.erasure.sightings import sightings
from engine.service.erasure.whose import concerns, is_anothers, owners_in, told_from
from engine.service.purging import recordings_below
from engine.workspace import Workspace

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
    for name in who.names:
        traces.remove(workspace, who.slug, name)
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
    """Choices made in the inbox about the person, or that cannot be undone any more."""
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
    """Take the person out of the split entries and warnings that an undo would put back."""
    split = manifest.get("split")
    if isinstance(split, dict) and split:
        theirs = owners_in(manifest).get(f"people/{who.slug}") in who.ids
        if theirs and isinstance(split.get("people"), dict):
            changed |= split["people"].pop(who.slug, None) is not None
        starts = tuple(f"{name}: " for name in who.names)
        before = split.get("warnings")
        if isinstance(before, list):
            split["warnings"] = [
                [text for text in texts if not str(text).startswith(starts)] for texts in before
            ]
            changed |= split["warnings"] != before
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
