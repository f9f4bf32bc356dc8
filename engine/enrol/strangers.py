"""The operator's own strangers: people who will never be enrolled, kept to check the threshold.

    strangers/<group>/<session>/0001.png ...   laid out, written and recovered like people
    stranger-features/<digest>/<group>/...     their features

A group is one stranger, whose pictures are no independent trials of each other.
"""

from __future__ import annotations

from engine.audit import Audit
from engine.enrol.names import clean_name
from engine.enrol.people import People, Person
from engine.errors import PersonNotFound
from engine.i18n import _
from engine.workspace import Workspace


class StrangerArea(Workspace):
    """A workspace's strangers, seen as a workspace of their own.

    Whatever works on people (registry, enrolment, import, feature cache) works here on strangers
    and cannot reach the people. The writer lock is the workspace's.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace.root)
        self.people = workspace.strangers
        self.features = workspace.stranger_features
        # Strangers are in no split: deleting one must not edit that of the people.
        self.split_file = workspace.strangers / "split.json"


def strangers(workspace: Workspace) -> tuple[Person, ...]:
    """Every stranger with a picture, by name."""
    return tuple(each for each in People(StrangerArea(workspace)).list() if each.pictures)


def remove_stranger(workspace: Workspace, name: str) -> Person:
    """Remove one stranger with pictures and features; the caller holds `Workspace.writer`.

    Returns the stranger as they were. Raises PersonNotFound.
    """
    area = StrangerArea(workspace)
    try:
        gone = People(area).get(name)
    except PersonNotFound as error:
        raise PersonNotFound(
            _("There is no such stranger"), clean_name(name), _("See `facedesk strangers list`.")
        ) from error
    with Audit(area).of("stranger-removed", gone.id, pictures=gone.pictures):
        return People(area).delete(name)


def clear_strangers(workspace: Workspace) -> int:
    """Remove all strangers, damaged entries too; how many there were."""
    area = StrangerArea(workspace)
    people = People(area)
    everybody = [(each.slug, each.name, each.id) for each in people.list()]
    everybody += [(path.parent.name, "", "") for path in people.damaged()]
    with Audit(area).of_all("stranger-removed", [(id, {}) for _slug, _name, id in everybody]):
        for slug, name, _unused in everybody:
            people.delete_slug(slug, name)
    return len(everybody)
