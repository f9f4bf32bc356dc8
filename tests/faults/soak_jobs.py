"""What the soak does at the command line: one job after another, chosen by chance.

Each entry of JOBS makes the words of a command from what the workspace holds, or None if there is
nothing for it to do.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.model.store import ModelStore
from engine.people.person import Person
from engine.people.registry import People
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.pictures import encode_png, read_photograph
from engine.settings import UnknownSettings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
NAMES = ("Ada", "Bea", "Cleo", "Dora", "Eva", "Fay", "Gwen", "Hedy")
Words = tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """What a job is made from."""

    workspace: Workspace
    folder: Path
    """For photographs to import."""
    chance: random.Random

    def people(self) -> list[Person]:
        """Everybody with a picture."""
        return [person for person in People(self.workspace).list() if person.pictures]

    def name(self) -> str:
        """A name, of somebody enrolled or not."""
        return self.chance.choice(NAMES)


@lru_cache(maxsize=2)
def _portrait(name: str) -> NDArray[np.uint8]:
    return read_photograph(DEMO / name)


def _import(scene: Scene) -> Words:
    shutil.rmtree(scene.folder, ignore_errors=True)
    for name in scene.chance.sample(NAMES, 2):
        folder = scene.folder / name
        folder.mkdir(parents=True)
        for number in range(scene.chance.randint(2, 4)):
            image = _portrait(scene.chance.choice(("collins.png", "hopper.jpg")))
            light = scene.chance.uniform(0.75, 1.0)
            picture = (image[..., ::-1] * light).astype(np.uint8)
            (folder / f"{number}.png").write_bytes(encode_png(np.ascontiguousarray(picture)))
    return ("import", str(scene.folder))


def _enroll(scene: Scene) -> Words:
    seed, who = scene.chance.randint(1, 99), scene.chance.choice(("collins", "hopper"))
    source = f"demo:{who}?seed={seed}&frames=60"
    return ("enroll", scene.name(), "--source", source, "--count", "8", "--pace", "fast")


def _split(scene: Scene) -> Words | None:
    return ("split", "--seed", str(scene.chance.randint(1, 99))) if scene.people() else None


def _train(scene: Scene) -> Words | None:
    return ("train", "--epochs", "3") if scene.people() else None


def _promote(scene: Scene) -> Words | None:
    models = ModelStore(scene.workspace).list()
    return ("model", "promote", scene.chance.choice(models).id) if models else None


def _rename(scene: Scene) -> Words | None:
    people = scene.people()
    return ("people", "rename", scene.chance.choice(people).name, scene.name()) if people else None


def _two(scene: Scene) -> list[Person]:
    people = scene.people()
    return scene.chance.sample(people, 2) if len(people) > 1 else []


def _merge(scene: Scene) -> Words | None:
    two = _two(scene)
    return ("people", "merge", two[0].name, two[1].name) if two else None


def _move(scene: Scene) -> Words | None:
    two = _two(scene)
    if not two:
        return None
    session = scene.chance.choice(two[0].sessions)
    files = scene.chance.sample(session.pictures, min(2, len(session.pictures)))
    return ("people", "move", two[0].name, *(f"{session.id}/{each}" for each in files), two[1].name)


def _delete(scene: Scene) -> Words | None:
    people = scene.people()
    return ("people", "delete", scene.chance.choice(people).name, "--yes") if people else None


def _delete_pictures(scene: Scene) -> Words | None:
    people = scene.people()
    if not people:
        return None
    person = scene.chance.choice(people)
    session = scene.chance.choice(person.sessions)
    return ("people", "delete", person.name, f"{session.id}/{session.pictures[-1]}", "--yes")


def _undo(scene: Scene) -> Words | None:
    return ("trash", "undo") if Trash(scene.workspace).changes() else None


def _waiting(scene: Scene) -> bool:
    return bool(UnknownStore(scene.workspace, UnknownSettings()).count())


def _assign(scene: Scene) -> Words | None:
    people = scene.people()
    if not people or not _waiting(scene):
        return None
    return ("unknown", "assign", "1", scene.chance.choice(people).name)


def _ignore(scene: Scene) -> Words | None:
    return ("unknown", "ignore", "1") if _waiting(scene) else None


def _delete_unknown(scene: Scene) -> Words | None:
    return ("unknown", "delete", "1") if _waiting(scene) else None


JOBS: dict[str, tuple[Callable[[Scene], Words | None], int]] = {
    "import": (_import, 6),
    "enroll": (_enroll, 4),
    "split": (_split, 3),
    "train": (_train, 3),
    "model promote": (_promote, 2),
    "model rollback": (lambda scene: ("model", "rollback"), 2),
    "people rename": (_rename, 2),
    "people merge": (_merge, 2),
    "people move": (_move, 3),
    "people delete": (_delete, 3),
    "people delete pictures": (_delete_pictures, 2),
    "trash undo": (_undo, 5),
    "unknown assign": (_assign, 2),
    "unknown ignore": (_ignore, 1),
    "unknown delete": (_delete_unknown, 1),
}
"""Each job's words, and how often it is chosen."""


def keep_unknown(workspace: Workspace, colour: int) -> Callable[[], object]:
    """What the desk does when recognition has seen a stranger, for a Forked."""

    def run() -> object:
        with workspace.writer("the app: keeping an unknown"):
            return UnknownStore(workspace, UnknownSettings()).add(sighted(colour=colour))

    return run


def choose(scene: Scene, train: bool) -> tuple[str, Words]:
    """A job that can be done now."""
    names = [name for name in JOBS if train or name != "train"]
    while True:
        name = scene.chance.choices(names, [JOBS[each][1] for each in names])[0]
        words = JOBS[name][0](scene)
        if words is not None:
            return name, words
