"""Whose something is, for an erasure: by identity, never by a folder's name.

A folder's name is free again once a person is gone, and two humans may have one name. What models,
the trash and the audit hold is the person's if it bears one of their identities: their own, or that
of somebody who was merged into them. A model's label whose identity is nobody's any more (of before
there were identities, or of somebody deleted for good) is theirs if it has their name: it names
nobody, and the name is a trace.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.enrol.identity import NOBODY_KNOWN, PERSON_FILE, before, identity_at, merged_in
from engine.enrol.names import clean_name, is_slug, name_key
from engine.enrol.people import People, Person
from engine.enrol.trash import MANIFEST, Trash
from engine.enrol.trash_steps import place_of
from engine.errors import DataError, PersonNotFound
from engine.files import read_json
from engine.i18n import _
from engine.model.store import Label, ModelInfo, ModelStore
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.service.erasure.evidence import Evidence

_STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?: \([0-9]+\))?"
RECORDS = ("trained_on", "enrolled_on")
"""Details of a model that list pictures by person."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is to be erased: the folder, the name, and every identity, the present one first."""

    slug: str
    name: str
    ids: tuple[str, ...]


def whom(workspace: Workspace, name: str) -> Whom:
    """The enrolled person of this name, else one in the trash.

    Raises PersonNotFound, and DataError for one who was merged into somebody: their pictures are
    that person's, and to erase the merge alone would leave them all.
    """
    try:
        person = People(workspace).get(name)
    except PersonNotFound:
        wanted = name_key(clean_name(name))
        for change in Trash(workspace).changes():
            for slug, known in change.names:
                if name_key(known) == wanted and is_slug(slug):
                    id = change.people.get(f"people/{slug}", before(slug))
                    _refuse_merged(workspace, id, known)
                    return Whom(slug, known, (id, *_merged(workspace, change.id, slug)))
        raise
    return Whom(person.slug, person.name, (person.id, *person.merged))


def _refuse_merged(workspace: Workspace, id: str, name: str) -> None:
    """Raise DataError if the person of this identity was merged into somebody who is here, or in
    the trash."""
    changes = Trash(workspace).changes()
    into = [each.name for each in People(workspace).list() if id in each.merged]
    into += [
        other
        for change in changes
        for slug, other in change.names
        if is_slug(slug) and id in _merged(workspace, change.id, slug)
    ]
    if into:
        raise DataError(
            _("This person was merged into another"),
            _("the pictures of {name} are those of {other} by now").format(
                name=name, other=into[0]
            ),
            _(
                "Erase {other}, which erases both. If it was a mistake, undo the merge first."
            ).format(other=into[0]),
        )


def _merged(workspace: Workspace, change: str, slug: str) -> tuple[str, ...]:
    """Who was merged into a person whose folder lies in the trash."""
    folder = workspace.trash / change
    with contextlib.suppress(FileNotFoundError, DataError, KeyError, TypeError, ValueError):
        for source, target, _optional in read_json(folder / MANIFEST)["steps"]:
            if source == f"people/{slug}" and target.startswith("@/kept/") and ".." not in target:
                return merged_in(read_json(folder / target[2:] / PERSON_FILE))
    return ()


def former_names(workspace: Workspace, ids: Iterable[str]) -> Iterator[str]:
    """Names under which models and the trash know these identities."""
    wanted = frozenset(ids)
    for info in ModelStore(workspace).list():
        yield from (name for id, name, _revision in info.people if id in wanted)
    for change in Trash(workspace).changes():
        yield from (name for id, name in change.back_ids if id in wanted)


def is_anothers(workspace: Workspace, who: Evidence) -> bool:
    """Whether the folder that was the person's is another human's by now."""
    folder = workspace.people / who.slug
    return folder.is_dir() and identity_at(folder) not in who.ids


def told_from(stranger: Person, who: Evidence) -> bool:
    """Whether this stranger was told from the person, and bears their name for it."""
    if stranger.apart_from:
        return stranger.apart_from in who.ids
    # From before there were identities: "Not NAME 2026-11-30 16:48", NAME as a whole.
    names = "|".join(re.escape(name) for name in who.names)
    return re.fullmatch(rf"\S+ (?:{names}) {_STAMP}", stranger.name) is not None


def concerns(key: str, owners: Mapping[str, str], ids: Iterable[str]) -> bool:
    """Whether a path in a manifest of the trash is the person's: folder, or features.

    `owners` are the manifest's `people`.
    """
    return owners.get(place_of(key)) in frozenset(ids)


def owners_in(manifest: Any) -> dict[str, str]:
    """`people` of a manifest: whose each folder was."""
    found = manifest.get("people") if isinstance(manifest, dict) else None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def labels_of(workspace: Workspace, info: ModelInfo, who: Evidence) -> frozenset[str]:
    """Identities under which a model knows the person, by label or by the pictures it lists."""
    others = _others(workspace, who)
    found = {label[0] for label in info.people if _is_theirs(label, who, others)}
    for record in RECORDS:
        listed = info.details.get(record)
        found |= frozenset(who.ids) & set(listed if isinstance(listed, Mapping) else ())
    return frozenset(found)


def audit_subjects(who: Evidence) -> tuple[str, ...]:
    """What the audit may know the person by; a key of before there were identities: by folder."""
    return (*who.ids, before(who.slug))


def _is_theirs(label: Label, who: Evidence, others: frozenset[str]) -> bool:
    if label[0] in who.ids:
        return True
    return label[0] not in others and name_key(label[1]) in set(map(name_key, who.names))


def _others(workspace: Workspace, who: Evidence) -> frozenset[str]:
    """Identities of everybody else, enrolled or in the trash."""
    ids = {id for person in People(workspace).list() for id in person.ids}
    for change in Trash(workspace).changes():
        ids |= set(change.people.values())
    return frozenset(ids - {NOBODY_KNOWN, *who.ids})
