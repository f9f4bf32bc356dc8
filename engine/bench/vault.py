"""What encryption at rest costs: sealing and opening, and three jobs on two workspaces in turn."""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from engine.bench.material import (
    PEOPLE,
    Plan,
    clip,
    counted,
    interleaved,
    seconds_of,
    showing_a_face,
)
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Figure
from engine.contract.requests import ImportRequest, RecogniseRequest, TrainRequest
from engine.dataset.split import make_split, save_split
from engine.jobs.find_faces import watch
from engine.jobs.imports import import_pictures
from engine.jobs.naming import Recognition
from engine.jobs.split import with_pictures
from engine.jobs.train import train
from engine.model.networks import Backbones
from engine.pictures import encode_png
from engine.settings import Settings
from engine.workspace.files import write_bytes, write_plain
from engine.workspace.folder import Workspace
from engine.workspace.vault import convert, envelope
from engine.workspace.vault.envelope import DataKey
from engine.workspace.vault.keys import Opener, Wrap, from_passphrase

PICTURE = 46_000
"""Bytes of an aligned crop."""
FEATURES = 1_600_000
"""Bytes of the features of a session of 100 pictures."""
PHOTOGRAPHS, FEW = 12, 4
FRAMES = 20
ROUNDS = 3
MEGABYTE = 1e6
PLAIN = "the same, not encrypted"


def measure_vault(plan: Plan) -> Iterator[Figure]:
    """Sealing alone, then import, training and recognition, encrypted and not in turn."""
    yield from _sealing()
    wrap, opener = Wrap.of_passphrase(), from_passphrase("four words of a bench")
    yield Figure(
        key="vault.scrypt",
        what="open a vault by its passphrase (scrypt)",
        value=statistics.median(seconds_of(lambda: opener.key(wrap)) for _round in range(3)),
        unit="s",
        note=f"N={wrap.n}, r={wrap.r}, p={wrap.p}: {128 * wrap.n * wrap.r >> 20} MB",
    )
    yield _written(plan)
    yield from _jobs(plan, load_settings())


def _sealing() -> Iterator[Figure]:
    secret = DataKey.make()
    for size, words in ((PICTURE, "a picture"), (FEATURES, "features of 100 pictures")):
        data = np.random.default_rng(1).bytes(size)
        sealed = envelope.seal(secret, ".png", data)
        works = (
            partial(envelope.seal, secret, ".png", data),
            partial(envelope.unseal, secret, ".png", sealed),
        )
        taken = interleaved(works, 51)
        for verb, seconds in zip(("seal", "open"), taken, strict=True):
            key, what = f"vault.{verb}.{size}", f"{verb} {words}"
            rate = size / MEGABYTE / statistics.median(seconds)
            yield Figure(key=key, what=what, value=rate, unit="MB/s", more=True)


def _written(plan: Plan) -> Figure:
    """One picture put on disk, flushed, sealed and not in turn."""
    _unused, secret = _pair(plan.path / "written")
    data = np.random.default_rng(1).bytes(PICTURE)
    sealed, plain = interleaved(
        [
            lambda: write_bytes(secret.people / "a" / "0001.png", data),
            lambda: write_plain(secret.people / "a" / "0002.png", data),
        ],
        plan.sized(101, 11),
    )
    return Figure(
        key="vault.write",
        what="put a picture on disk, encrypted",
        value=statistics.median(sealed) * 1000,
        unit="ms",
        other=statistics.median(plain) * 1000,
        against=PLAIN,
    )


def _jobs(plan: Plan, settings: Settings) -> Iterator[Figure]:
    photographs = _photographs(plan, settings)
    film = clip(plan.path, settings, plan.sized(FRAMES, FEW))
    backbones, _counter = counted(settings)
    taken: dict[str, tuple[list[float], list[float]]] = {}
    for number in range(plan.sized(ROUNDS, 1)):
        pair = _pair(plan.path / f"round-{number}")
        for name, job in _works(settings, photographs, film, backbones).items():
            # Every other round goes the other way, so that none is always the first.
            for place in (0, 1) if number % 2 else (1, 0):
                seconds = seconds_of(partial(job, pair[place]))
                taken.setdefault(name, ([], []))[place].append(seconds)
        for workspace in pair:
            shutil.rmtree(workspace.root)
    words = {
        "import": "import, encrypted",
        "train": "train from the pictures, encrypted",
        "again": "train again, features ready, encrypted",
        "recognise": "load a model and recognise, encrypted",
    }
    for name, (plain, sealed) in taken.items():
        yield Figure(
            key=f"vault.{name}",
            what=words[name],
            value=statistics.median(sealed),
            unit="s",
            other=statistics.median(plain),
            against=PLAIN,
            note=f"{len(plain)} rounds in turn",
        )


def _works(
    settings: Settings, photographs: Path, film: Path, backbones: Backbones
) -> dict[str, Callable[[Workspace], object]]:
    """The jobs, in the order in which each needs the one before."""

    def imported(workspace: Workspace) -> None:
        with workspace.writer("facedesk bench"):
            request = ImportRequest(folder=str(photographs))
            import_pictures(workspace, settings, request, Cancel(), lambda event: None)
            save_split(workspace, make_split(with_pictures(workspace), settings.split))

    def trained(workspace: Workspace) -> None:
        with workspace.writer("facedesk bench"):
            train(workspace, settings, TrainRequest(), Cancel(), lambda event: None, backbones)

    def recognised(workspace: Workspace) -> None:
        recognition = Recognition(workspace, settings, lambda event: None, False, backbones)
        request = RecogniseRequest(source=str(film), pace="fast")
        watch(settings, request, Cancel(), lambda event: None, recognition.take, preview=None)
        recognition.finish()

    return {"import": imported, "train": trained, "again": trained, "recognise": recognised}


def _pair(folder: Path) -> tuple[Workspace, Workspace]:
    """A plain workspace and an encrypted one, both empty."""
    plain, sealed = Workspace(folder / "plain"), Workspace(folder / "sealed")
    for workspace in (plain, sealed):
        workspace.prepare()
    with sealed.writer("facedesk bench"):
        convert.create(sealed, Opener("key-file", os.urandom(32)))
    return plain, sealed


def _photographs(plan: Plan, settings: Settings) -> Path:
    """A folder of frames of the demo's people, as an import takes them."""
    folder = plan.path / "photographs"
    for name, source in PEOPLE.items():
        (folder / name).mkdir(parents=True)
        frames = (image for image, _crop in showing_a_face(source, settings))
        for number, image in enumerate(itertools.islice(frames, plan.sized(PHOTOGRAPHS, FEW))):
            write_plain(folder / name / f"{number:04d}.png", encode_png(image[..., ::-1]))
    return folder
