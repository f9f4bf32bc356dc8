"""How a workspace of an older format becomes one of today's.

Format 0 to 1: the last two files without a version get one.

    unknown/choices.json     [choice, ...]       ->  {"version": 1, "choices": [choice, ...]}
    evaluations/*.json       {"type": ..., ...}  ->  {"version": 1, "type": ..., ...}

Format 1 to 2: a person has an identity, and nothing goes by the name of a folder any more.

Everybody enrolled, every stranger, and everybody whose folder lies in the trash gets one. What was
kept by folder is linked to them where that can be known:

    a change in the trash   by the folder that it keeps; else to who was in that folder then: the
                            next who was deleted out of it, or who is in it, if enrolled before
    a merge in the trash    the merged person is noted with who they were merged into
    a model's label         to who of that folder has a session that it was trained on (a model that
                            lists none: whose pictures are the very same); to nobody whose sessions
                            all lie with one other person: merged into that one
    an audit key            to the only one whose folder it ever was, as far as trash and log tell
    sightings, choices, strangers told from somebody, evaluations: by the change, label or name

What cannot be known gets an identity that is nobody's. Every file is replaced whole, and what is
done is left alone, but for a model, which is four files: `models/<id>/identities.json` says what is
under way in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError
from engine.text import name_key, plain
from engine.workspace.audit_words import held, pseudonym
from engine.workspace.files import read_bytes, read_json, read_lines, write_bytes, write_json
from engine.workspace.identity import (
    NOBODY_KNOWN,
    PERSON_FILE,
    is_identity,
    join,
    new_identity,
    picture_names,
)

AREAS = ("people", "strangers")
FEATURES = {"features": "people", "stranger-features": "strangers"}
PLAN = "identities.json"
_NOT = re.compile(r"\S+ (.+) [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?: \([0-9]+\))?")


@dataclass(frozen=True, slots=True)
class _One:
    """Somebody whose folder is `place` ("people/ada"), or was until the change `trashed`."""

    id: str
    name: str
    place: str
    created: str
    folder: Path
    trashed: str = ""
    moved: frozenset[str] = frozenset()
    """Sessions that a merge took out of the folder."""

    def sessions(self) -> set[str]:
        return {path.name for path in self.folder.iterdir() if path.is_dir()} | self.moved


def to_1(root: Path) -> None:
    """Do the step. Damaged files stay as they are: whoever reads them says so, or does without.
    Raises DiskFull, WorkspaceUnusable."""
    choices = root / "unknown" / "choices.json"
    if isinstance(body := _read(choices), list):
        write_json(choices, {"version": 1, "choices": body})
    for path in sorted((root / "evaluations").glob("*.json")):
        if (body := _object(path, nan=True)) and "version" not in body:
            _write_evaluation(path, {"version": 1, **body})


def to_2(root: Path) -> None:
    """Do the step. Damaged files stay as they are. Raises DiskFull, WorkspaceUnusable."""
    everybody = [*_enrolled(root), *_trashed(root)]
    _changes(root, everybody)
    for folder in sorted(path for path in (root / "models").glob("*") if path.is_dir()):
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):  # none of ours
            _model(root, folder, everybody)
    for file in sorted((root / "evaluations").glob("*.json")):
        _identify_evaluation(file, {})  # of models that are gone
    _strangers(root, everybody)
    _choices(root)
    _sightings(root, everybody)
    _erasures(root, everybody)
    _audit(root, everybody)


# --- people ---------------------------------------------------------------------------------------


def _enrolled(root: Path) -> Iterator[_One]:
    for area in AREAS:
        for file in sorted((root / area).glob(f"*/{PERSON_FILE}")):
            yield from _one(file, f"{area}/{file.parent.name}")


def _trashed(root: Path) -> Iterator[_One]:
    for change, _file, body in _manifests(root):
        for source, target in _steps(body):
            parts = source.split("/")
            if parts[0] in AREAS and len(parts) == 2 and target.startswith("@/kept/"):
                file = root / "trash" / change.name / target[2:] / PERSON_FILE
                moved = (s.split("/") for s, _target in _steps(body) if s.startswith(f"{source}/"))
                yield from _one(file, source, _id_of(change), frozenset(m[2] for m in moved))


def _one(
    file: Path, place: str, trashed: str = "", moved: frozenset[str] = frozenset()
) -> Iterator[_One]:
    """The person of a person.json, who has an identity from here on."""
    body = _object(file)
    if not isinstance(body.get("name"), str):
        return
    if not is_identity(body.get("id")):
        body = {**body, "id": new_identity()}
        write_json(file, body)
    created = str(body.get("created", ""))
    yield _One(body["id"], body["name"], place, created, file.parent, trashed, moved)


# --- the trash ------------------------------------------------------------------------------------


def _changes(root: Path, everybody: list[_One]) -> None:
    for change, file, body in _manifests(root):
        if "people" in body:
            continue
        at, owners = str(body.get("at", "")), {}
        for key in (key for step in _steps(body) for key in step):
            if place := _place(key):
                owners[place] = _owner(place, _id_of(change), at, everybody)
        for slug, _name in _names(body):
            if owners.get(f"people/{slug}", NOBODY_KNOWN) == NOBODY_KNOWN:
                owners[f"people/{slug}"] = new_identity()  # damaged, but somebody of their own
        merged = _merged(body, owners)
        if merged:
            join(root / "people" / merged["into"], merged["ids"])
        write_json(file, {**body, "people": owners, "merged": merged})


def _owner(place: str, change: str, at: str, everybody: list[_One]) -> str:
    """Whose folder `place` was when the change was made."""
    then = [one for one in everybody if one.place == place and one.created <= at]
    later = sorted(
        (one for one in then if one.trashed and one.trashed >= change), key=lambda one: one.trashed
    )
    here = [one for one in then if not one.trashed]
    return next((one.id for one in (*later, *here)), NOBODY_KNOWN)


def _merged(body: Any, owners: Mapping[str, str]) -> dict[str, Any]:
    """Of a merge: into whose folder, and who."""
    names = [slug for slug, _name in _names(body)]
    moved = {
        (source.split("/")[1], target.split("/")[1])
        for source, target in _steps(body)
        if source.startswith("people/") and target.startswith("people/")
    }
    into = {target for source, target in moved if names == [source]}
    if len(into) != 1:
        return {}
    slug, id = into.pop(), owners[f"people/{names[0]}"]
    known = owners.get(f"people/{slug}", NOBODY_KNOWN) != NOBODY_KNOWN
    return {"into": slug, "ids": [id]} if known and is_identity(id) else {}


def _place(key: str) -> str:
    parts = key.split("/")
    if parts[0] in AREAS and len(parts) > 1:
        return "/".join(parts[:2])
    if parts[0] in FEATURES and len(parts) > 2:
        return f"{FEATURES[parts[0]]}/{parts[2]}"
    return ""


def _manifests(root: Path) -> Iterator[tuple[Path, Path, dict[str, Any]]]:
    for file in sorted((root / "trash").glob("[0-9]*/manifest.json")):
        if body := _object(file):
            yield file.parent, file, body


def _steps(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    steps = body.get("steps")
    return [
        (str(step[0]), str(step[1]))
        for step in (steps if isinstance(steps, list) else ())
        if isinstance(step, list) and len(step) == 3 and ".." not in f"{step[0]}{step[1]}"
    ]


def _names(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = body.get("names")
    pairs = names if isinstance(names, list) else []
    return [(str(p[0]), str(p[1])) for p in pairs if isinstance(p, list) and len(p) == 2]


def _id_of(change: Path) -> str:
    return change.name.partition(".")[0]


# --- models and evaluations -----------------------------------------------------------------------


def _model(root: Path, folder: Path, everybody: list[_One]) -> None:
    ids = _object(folder / PLAN)
    if not ids:
        files = {name: _bytes(folder / name) for name in ("labels.json", "model.json")}
        sums = _bytes(folder / "SHA256SUMS").decode("utf-8", "replace").split("\n")
        if not all(f"{hashlib.sha256(d).hexdigest()}  {n}" in sums for n, d in files.items()):
            return  # damaged: it names nobody
        labels, body = json.loads(files["labels.json"]), json.loads(files["model.json"])
        if all("id" in label for label in labels):
            return
        ids = {label["slug"]: _label_owner(root, label, body, everybody) for label in labels}
        write_json(folder / PLAN, ids)
    _identify_evaluation(root / "evaluations" / f"{folder.name}.json", ids)
    labels = json.loads(_bytes(folder / "labels.json"))
    body = json.loads(_bytes(folder / "model.json"))
    for label in labels:
        if "id" not in label:
            label["id"] = ids[label.pop("slug")]
    details = body["details"]
    for record in (details.get("trained_on"), details.get("enrolled_on")):
        _rekey(record, ids)
    for calibration in (body["calibration"], details.get("judged")):
        _rekey(calibration.get("own") if isinstance(calibration, dict) else None, ids)
    changed = {"labels.json": _json(labels), "model.json": _json(body)}
    sums = []
    for line in _bytes(folder / "SHA256SUMS").decode().splitlines():
        digest, _unused, name = line.partition("  ")
        known = changed.get(name)
        sums.append(f"{hashlib.sha256(known).hexdigest() if known else digest}  {name}\n")
    for name, data in {**changed, "SHA256SUMS": "".join(sums).encode()}.items():
        write_bytes(folder / name, data)
    (folder / PLAN).unlink()


def _label_owner(root: Path, label: Any, model: Any, everybody: list[_One]) -> str:
    details = model["details"]
    trained: set[str] = set()
    for record in ("trained_on", "enrolled_on"):
        trained |= set(details.get(record, {}).get(label["slug"], {}))
    own = [one for one in everybody if one.place == f"people/{label['slug']}"]
    for one in own:
        same = trained & one.sessions() if trained else _revision(one) == label["revision"]
        if same:
            return one.id
    id = new_identity()
    if trained and not own:
        into = [o for o in everybody if o.place.startswith("people/") and trained <= o.sessions()]
        if len(into) == 1:
            join(into[0].folder, [id])
    return id


def _revision(one: _One) -> str:
    """As `People` computed it: a digest of which pictures there are."""
    digest = hashlib.sha256()
    for session in sorted(one.sessions()):
        files = picture_names(one.folder / session)
        digest.update("".join(f"{session}/{file}\n" for file in files).encode())
    return digest.hexdigest()[:16]


def _identify_evaluation(path: Path, ids: Mapping[str, str]) -> None:
    body = _object(path, nan=True)
    if isinstance(body.get("slugs"), list):
        body["ids"] = [ids.get(str(slug), "") for slug in body.pop("slugs")]
        _write_evaluation(path, body)


def _write_evaluation(path: Path, body: dict[str, Any]) -> None:
    # Null for the NaN that the first versions wrote where nothing was measured.
    write_bytes(path, json.dumps(plain(body), separators=(",", ":"), allow_nan=False).encode())


def _rekey(record: Any, ids: Mapping[str, str]) -> None:
    if isinstance(record, dict):
        for slug in set(record) & set(ids):
            record[ids[slug]] = record.pop(slug)


# --- strangers, choices, sightings, erasures ------------------------------------------------------


def _strangers(root: Path, everybody: list[_One]) -> None:
    """Those told from somebody ("Not NAME 2026-11-30 16:48") are told from an identity."""
    for one in everybody:
        found = _NOT.fullmatch(one.name)
        if found is None or not one.place.startswith("strangers/"):
            continue
        body = read_json(one.folder / PERSON_FILE)
        told_from = _by_name(found[1], one.created, everybody)
        if told_from and "apart_from" not in body:
            write_json(one.folder / PERSON_FILE, {**body, "apart_from": told_from})


def _choices(root: Path) -> None:
    path = root / "unknown" / "choices.json"
    kept = _object(path)
    if not isinstance(kept.get("choices"), list):
        return
    owners = {_id_of(change): body.get("people", {}) for change, _file, body in _manifests(root)}
    changed = False
    for choice in kept["choices"]:
        if not isinstance(choice, dict) or "person" in choice or "apart" in choice:
            continue
        slug = str(choice.get("slug", ""))
        if choice.get("stranger"):
            person = _object(root / "strangers" / slug / PERSON_FILE) if slug else {}
            about = person.get("apart_from", "")
        else:
            about = owners.get(str(choice.get("id")), {}).get(f"people/{slug}", "")
        if is_identity(about):
            choice["person"], changed = about, True
    if changed:
        write_json(path, kept)


def _sightings(root: Path, everybody: list[_One]) -> None:
    for file in sorted(root.glob("unknown/*/sighting.json")):
        body = _object(file)
        if body and "candidate_id" not in body:
            nearest = _by_name(str(body.get("candidate")), str(body.get("at", "")), everybody)
            if nearest:
                write_json(file, {**body, "candidate_id": nearest})


def _erasures(root: Path, everybody: list[_One]) -> None:
    """One that was cut short goes on by identity."""
    for file in sorted((root / "erasing").glob("[!.]*.json")):
        body = _object(file)
        who = body.get("evidence")
        if isinstance(who, dict) and "ids" not in who:
            names = {name_key(str(name)) for name in who.get("names", ())}
            place = f"people/{who.get('slug')}"
            ids = [o.id for o in everybody if o.place == place and name_key(o.name) in names]
            write_json(file, {**body, "evidence": {**who, "ids": ids}})


def _by_name(name: str, at: str, everybody: list[_One]) -> str:
    """Who had this name then, if only one of all enrolled and in the trash has; else nothing."""
    people = (one for one in everybody if one.place.startswith("people/"))
    known = [one for one in people if name_key(one.name) == name_key(name)]
    return known[0].id if len(known) == 1 and known[0].created <= at else ""


# --- the audit ------------------------------------------------------------------------------------


def _audit(root: Path, everybody: list[_One]) -> None:
    path = root / "audit" / "keys.json"
    if not isinstance(_read(path), dict):
        return
    with held(root) if (root / "audit" / "audit.jsonl").exists() else contextlib.nullcontext():
        keys = read_json(path)
        ends = _ends(root)
        changed = dict(keys)
        for place, key in keys.items():
            if not isinstance(key, str) or is_identity(place.partition("/")[2]):
                continue
            own = [one for one in everybody if one.place == place]
            name = pseudonym(place, key)
            if len(own) == 1 and ends.get(name, 0) == (1 if own[0].trashed else 0):
                area = place.partition("/")[0]
                del changed[place]
                changed[f"{area}/{own[0].id}"] = {"key": key, "as": place}
        if changed != keys:
            write_json(path, changed)


def _ends(root: Path) -> dict[str, int]:
    """How often somebody of each pseudonym went and did not come back."""
    found: dict[str, int] = {}
    log = root / "audit" / "audit.jsonl"
    for line in read_lines(log) if log.exists() else ():
        try:
            entry = json.loads(line)
            name, action, details = entry["subject"], entry["action"], entry["details"]
        except (ValueError, KeyError, TypeError):
            continue
        merged = action == "person-merged" and details.get("part") == "merged"
        if merged or action in ("person-trashed", "person-erased", "stranger-removed"):
            found[name] = found.get(name, 0) + 1
        elif action == "change-undone" and name:
            found[name] = found.get(name, 0) - 1
    return found


# --- files ----------------------------------------------------------------------------------------


def _read(path: Path, *, nan: bool = False) -> Any:
    """What a JSON file holds, None if it is gone or damaged. One that cannot be read just now is
    no damaged one: the step has to be done later."""
    try:
        return read_json(path, nan=nan)
    except FileNotFoundError:
        return None
    except DataError as error:
        if type(error) is not DataError:
            raise
        return None


def _object(path: Path, *, nan: bool = False) -> dict[str, Any]:
    """`_read` of an object; an empty one for everything else."""
    body = _read(path, nan=nan)
    return body if isinstance(body, dict) else {}


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileNotFoundError:
        return b""


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
