"""The stores of pictures and of what is kept with them: people, unknown, trash, own strangers."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from engine.people import traces
from engine.people.clock import last_seen
from engine.people.person import Person, slug_for
from engine.people.picture_records import RECORDS_FILE
from engine.people.registry import People, StrangerArea
from engine.people.traces import Manifest, Step, manifest_of, manifests
from engine.people.trash import Trash
from engine.people.unknown import SIGHTING_FILE, ChoiceMemory, Sighting, UnknownStore
from engine.people.unknown_choices import Choices
from engine.rights.archive import PERSON, PICTURE, SESSION
from engine.rights.evidence import (
    Counts,
    Due,
    Evidence,
    Holding,
    Store,
    belongs,
    files_below,
    is_anothers,
    json_bytes,
    pictures_below,
    told_from,
)
from engine.rights.mentions import Mentions
from engine.settings import Settings, UnknownSettings
from engine.workspace.audit import Audit
from engine.workspace.files import read_bytes, read_object, remove_directory, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import SESSION_FILE, is_session_id, picture_names, sub_folders
from engine.workspace.owner import translate_os_errors


class Enrolled(Store):
    """People's folders, their features and embeddings, their entries in the split."""

    name = "person"
    places = ("people", "features", "split.json")
    archived = (
        rf"{re.escape(PERSON)}|{SESSION}(session\.json|pictures\.jsonl)|{PICTURE.pattern}"
        r"|features/[0-9a-f]{16,128}/[A-Za-z0-9_.-]{1,200}\.npz"
    )
    about = """\
person.json      identity (a random number), name, when enrolled, consent (who asked, when, the
                 text agreed to), and the last day on which recognition named the person (a day;
                 no times are kept)
sessions/        one folder a capture or import. session.json says from which source and when,
                 pictures.jsonl what was measured of each picture (brightness 0..255, sharpness,
                 place of the face in the camera's frame), *.png are the pictures themselves
features/        numbers computed from the pictures, as NumPy .npz files (read them with
                 numpy.load(file, allow_pickle=False)): "files" names the pictures, "marks" are
                 digests (BLAKE2b, 16 bytes) of the picture files, "rows" has one row a picture.
                 Plain files hold network features (float16), those with ".view" augmented copies'
                 features, those with ".space-" embeddings in the face space and, last, a level
"""

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Pictures, records, consent, features, split entries: gone from recognition."""
        if is_anothers(workspace, who):  # who is erased lies in the trash
            return {}
        folder = workspace.people / who.slug
        features = traces.feature_files(workspace, who.slug)
        counts: Counts = {
            "pictures": sum(file.suffix == ".png" for file in files_below(folder)),
            "sessions": sum(is_session_id(entry.name) for entry in sub_folders(folder)),
            "feature files": sum(1 for each in features for _file in files_below(each)),
        }
        People(workspace).delete_slug(who.slug)
        traces.remove(workspace, who.slug)
        return counts

    def rename(self, workspace: Workspace, person: Person, new: str) -> None:
        """Folder and pictures stay where they are."""
        People(workspace).rename(person.name, new)

    def mentions(self, workspace: Workspace) -> Iterator[tuple[str, str]]:
        """Everybody enrolled, by each of their identities."""
        for person in People(workspace).list():
            yield from ((id, person.name) for id in person.ids)

    def files(self, workspace: Workspace, ids: Collection[str]) -> Iterator[Path]:
        """The person's folder, and those of their features."""
        for entry in sub_folders(workspace.people):
            if belongs(Path(entry.path), ids):
                yield from (Path(entry.path), *traces.feature_files(workspace, entry.name))

    def others(self, workspace: Workspace, who: Evidence) -> Iterator[Holding]:
        """Everybody else who is enrolled."""
        known = {each.slug: each for each in People(workspace).list()}
        for entry in sub_folders(workspace.people):
            if belongs(Path(entry.path), who.ids):
                continue
            held = [Path(entry.path), *traces.feature_files(workspace, entry.name)]
            person = known.get(entry.name)
            name, ids = (person.name, person.ids) if person else (entry.name, frozenset())
            yield Holding("person", name, held, held, ids)

    def export(self, workspace: Workspace, person: Person) -> Iterator[tuple[str, bytes]]:
        """Who they are, with consent and the last day on which they were seen; their sessions, and
        the rows computed from their pictures."""
        consent = person.consent
        about = {
            "id": person.id,
            "merged": list(person.merged),
            "name": person.name,
            "created": person.created,
            "consent": consent and {**consent.to_json(), "text_sha256": consent.text_sha256},
            "last_seen": last_seen(workspace, person.slug) or None,
        }
        yield PERSON, json_bytes(about)
        for session in person.sessions:
            folder = workspace.people / person.slug / session.id
            for file in (SESSION_FILE, RECORDS_FILE, *session.pictures):
                with contextlib.suppress(FileNotFoundError):
                    yield f"sessions/{session.id}/{file}", read_bytes(folder / file)
        for each in traces.feature_files(workspace, person.slug):
            for rows in sorted(each.glob("[!.]*.npz")):
                yield f"features/{each.parent.name}/{rows.name}", read_bytes(rows)


class Sightings(Store):
    """Unknown people, and wherever else those lie who were found to be the person:
    their places are in the evidence."""

    name = "sightings"
    places = ("unknown",)
    archived = r"inbox\.json"
    about = """\
inbox.json       times and scores of strangers of whom this person was the nearest enrolled one.
                 Their pictures are not here: they were decided to be somebody else's, and may be
"""

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Remove who was found to be the person, those in the trash too, and blank the name where
        it says whom another was like, or where it was seen."""
        gone = 0
        for place in who.sightings:
            parts = place.split("/")
            if ".." in parts or parts[0] not in ("unknown", "trash", "strangers") or not parts[1:]:
                continue
            folder = workspace.root.joinpath(*parts)
            gone += folder.is_dir()
            if parts[0] == "strangers":
                _forget_stranger(workspace, parts[1])
                continue
            remove_directory(folder)
            if parts[0] == "trash":
                _take_out(workspace.trash / parts[1], folder)
        mentions = who.mentions(workspace)
        for area in (workspace.unknown, workspace.trash):
            for file in (file for each in sub_folders(area) for file in files_below(Path(each))):
                if file.name == SIGHTING_FILE:
                    _blank(file, mentions)
        return {"sightings of unknowns": gone}

    def export(self, workspace: Workspace, person: Person) -> Iterator[tuple[str, bytes]]:
        """Times and scores of strangers of whom this person was the nearest. The pictures are
        somebody else's."""
        others = ("records", "candidate", "run", "track", "beside")
        waiting = UnknownStore(workspace, UnknownSettings())  # reading needs none of them
        found = [
            {key: value for key, value in asdict(each).items() if key not in others}
            for each in waiting.sightings()
            if _is_nearest(each, person)
        ]
        yield "inbox.json", json_bytes(found)

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        """Who waits for longer than they are kept."""
        for id in UnknownStore(workspace, settings.unknown).expired(now):
            yield Due.of(workspace, "unknown", workspace.unknown / id)


class Trashed(Store):
    """Changes that hold the person; of one that deleted others too, only the person's part."""

    name = "trash"
    places = ("trash",)

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Remove the person's changes, and the person from those of others."""
        mentions = who.mentions(workspace)
        changes = pictures = 0
        for each in manifests(workspace):
            mine = [
                step
                for step in each.steps
                if each.concerns(step.source, who.ids) or each.concerns(step.target, who.ids)
            ]
            # By name only where the manifest does not say whose it is: names are others' too.
            words = json.dumps([each.body.get("title"), each.body.get("back")])
            known = any(place.startswith("people/") for place in each.owners)
            if not (mine or (not known and mentions.within(words))):
                _clean(each, who)
                continue
            changes += 1
            left = tuple(step for step in each.steps if step not in mine)
            others = any(_keeps_others(each, step, who) for step in left)
            if others or (left and all(map(each.kept, each.steps))):
                gone = [path for path in map(each.kept, mine) if path]
                pictures += sum(map(_pictures, gone))
                for path in gone:
                    remove_directory(path)
                _keep_rest(each, left, who)
            else:
                pictures += _pictures(each.folder)
                remove_directory(each.folder)
        return {"changes in the trash": changes, "pictures in the trash": pictures}

    def mentions(self, workspace: Workspace) -> Iterator[tuple[str, str]]:
        """Whose folders changes are about, and who comes back by undoing them."""
        for change in Trash(workspace).changes():
            yield from change.back_ids
            yield from ((id, "") for id in change.people.values())

    def files(self, workspace: Workspace, ids: Collection[str]) -> Iterator[Path]:
        """What is kept of the person."""
        for each in manifests(workspace):
            kept = (each.kept(step) for step in each.steps if each.concerns(step.source, ids))
            yield from filter(None, kept)

    def others(self, workspace: Workspace, who: Evidence) -> Iterator[Holding]:
        """Changes that keep pictures of others; a damaged one may."""
        for entry in sub_folders(workspace.trash):
            folder = Path(entry.path)
            manifest = manifest_of(folder)
            if manifest is None or "title" not in manifest.body:
                yield Holding("trash", f"a damaged change, {entry.name}", [folder], [folder])
                continue
            kept = [
                path
                for step in manifest.steps
                if _keeps_others(manifest, step, who) and (path := manifest.kept(step))
            ]
            if kept:  # features are kept beside the pictures, in a place of their own
                yield Holding("trash", str(manifest.body["title"]), kept, [folder])

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        """Changes that cannot be undone any more, but for choices, which have an age of their
        own."""
        choices = Choices(workspace, settings.unknown).expired(now)
        for change in Trash(workspace, settings.trash.keep_days).expired(now):
            if change.id not in choices:
                yield Due.of(workspace, "trash", workspace.trash / change.id)


class InboxChoices(Store):
    """Choices made in the unknown list."""

    name = "choices"

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Those about the person, or that cannot be undone any more."""
        return {"choices": ChoiceMemory(workspace).forget(who.ids)}

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        """Choices that cannot be undone any more; what they moved lies in the trash."""
        for id in Choices(workspace, settings.unknown).expired(now):
            yield Due.of(workspace, "choice", workspace.trash / id)

    def overdue(self, workspace: Workspace, settings: Settings, now: datetime | None) -> bool:
        """A split of groups is due too, and moved nothing."""
        return Choices(workspace, settings.unknown).overdue(now)

    def purge(self, workspace: Workspace, settings: Settings, now: datetime | None) -> None:
        """Choices, and the sightings that they were about."""
        Choices(workspace, settings.unknown).purge(now)


class OwnStrangers(Store):
    """The operator's own strangers."""

    name = "strangers"
    places = ("strangers", "stranger-features")

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Strangers told from the person ("Not NAME") lose that name; they are somebody else."""
        area, mentions = StrangerArea(workspace), who.mentions(workspace)
        registry = People(area)
        renamed = 0
        for each in registry.list():
            for session in each.sessions:
                _forget_source(area.people / each.slug / session.id / SESSION_FILE, mentions)
            if told_from(each, who):
                _rename_stranger(registry, each)
                renamed += 1
        registry.tidy()  # the features of one whose renaming was cut short
        return {"strangers renamed": renamed}

    def others(self, workspace: Workspace, who: Evidence) -> Iterator[Holding]:
        """All of them, by name or folder."""
        area = StrangerArea(workspace)
        names = {each.slug: each.name for each in People(area).list()}
        for entry in sub_folders(area.people):
            held = [Path(entry.path), *traces.feature_files(area, entry.name)]
            yield Holding("stranger", names.get(entry.name, entry.name), held, held)


# --- people and the unknown -----------------------------------------------------------------------


def _is_nearest(sighting: Sighting, person: Person) -> bool:
    if sighting.candidate_id:
        return sighting.candidate_id in person.ids
    return sighting.candidate == person.name  # kept before there were identities


def _blank(file: Path, mentions: Mentions) -> None:
    body = read_object(file) or {}
    named = [key for key in body if mentions.within(json.dumps(body[key]))]
    if named:
        write_json(file, {**body, **dict.fromkeys(named, "")})


# --- the trash ------------------------------------------------------------------------------------


def _keeps_others(manifest: Manifest, step: Step, who: Evidence) -> bool:
    """Whether a step keeps pictures of somebody else in the trash."""
    place = manifest.kept(step)
    if place is None or manifest.concerns(step.source, who.ids):
        return False
    return step.source.startswith(("people/", "strangers/")) and any(pictures_below(place))


def _keep_rest(manifest: Manifest, steps: tuple[Step, ...], who: Evidence) -> None:
    """Let a change be about others only."""
    body, owners = manifest.body, manifest.owners
    names = [
        list(pair)
        for pair in body.get("names", ())
        if owners.get(f"people/{pair[0]}") not in who.ids
    ]
    words = ", ".join(pair[1] for pair in names) or "what others had"
    body |= {
        "steps": traces.steps_as_json(steps),
        "names": names,
        "people": {place: id for place, id in owners.items() if id not in who.ids},
        "title": f"Deleted {words}",
        "back": f"{words}: back",
        "pictures": _pictures(manifest.folder),
    }
    if not _clean(manifest, who):
        manifest.write()


def _clean(manifest: Manifest, who: Evidence) -> bool:
    """Take the person out of the split entries that an undo would put back; whether it was
    written."""
    split = manifest.body.get("split")
    if not isinstance(split, dict):
        return False
    changed = False
    people = split.get("people")
    if isinstance(people, dict) and manifest.owners.get(f"people/{who.slug}") in who.ids:
        changed = people.pop(who.slug, None) is not None
    changed |= bool(split.pop("warnings", None))  # an earlier version kept names in them
    if changed:
        manifest.write()
    return changed


def _take_out(change: Path, folder: Path) -> None:
    """Take a stranger who is gone out of the change that deleted them; the others can come back."""
    manifest = manifest_of(change)
    if manifest is None:
        return
    steps = [step for step in manifest.steps if manifest.kept(step) != folder]
    if not steps:
        remove_directory(change)
        return
    manifest.write(
        steps=traces.steps_as_json(steps),
        title=f"Deleted {len(steps)} unknown",
        pictures=sum(len(picture_names(kept)) for kept in map(manifest.kept, steps) if kept),
    )


def _pictures(path: Path) -> int:
    return sum(1 for _digest in pictures_below(path))


# --- own strangers --------------------------------------------------------------------------------


def _forget_stranger(workspace: Workspace, slug: str) -> None:
    """Remove one of the operator's own strangers, and the change that made them one: it keeps the
    same pictures."""
    People(StrangerArea(workspace)).delete_slug(slug)
    for each in manifests(workspace):
        if any(f"{step.target}/".startswith(f"strangers/{slug}/") for step in each.steps):
            remove_directory(each.folder)


def _rename_stranger(registry: People, stranger: Person) -> None:
    """Give a stranger a name and a folder that tell of nobody."""
    area, stem = registry.workspace, f"Stranger {stranger.created[:16].replace('T', ' ')}"
    name = registry.free_name(stem, stranger.slug)
    registry.rename(stranger.name, name)
    registry.forget_apart_from(stranger.slug)
    slug = slug_for(name, lambda candidate: (area.people / candidate).exists())
    features = traces.feature_files(area, stranger.slug)
    with translate_os_errors("move a folder", area.people / slug):
        (area.people / stranger.slug).rename(area.people / slug)
        for rows in features:
            rows.rename(rows.with_name(slug))
    Audit(area).forget(stranger.id)


def _forget_source(file: Path, mentions: Mentions) -> None:
    head = read_object(file) or {}
    if "source" in head and mentions.within(str(head["source"])):
        write_json(file, {**head, "source": re.split(r", ", str(head["source"]))[0]})
