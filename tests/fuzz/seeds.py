"""Real, valid inputs, made by the product's own writers and by Pillow and OpenCV."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, features

from engine.camera.recording import FrameRecording
from engine.camera.recording_folder import new_recording
from engine.camera.source import Frame, SourceInfo
from engine.contract import EvaluateDone, FaceSeen, Notice, Sighted
from engine.contract.people import Consent
from engine.dataset.split import make_split, save_split
from engine.desk.library import save_evaluation
from engine.desk.wire import encode
from engine.model.arrays import pack
from engine.model.face_space import FaceSpace
from engine.model.feature_store import cached_arrays
from engine.model.record import ModelDraft
from engine.model.store import ModelStore
from engine.model.vectors import ImpostorCurve
from engine.people.changes import delete_people
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People
from engine.people.unknown import UnknownStore
from engine.pictures import encode_png
from engine.settings import SplitSettings, UnknownSettings
from engine.workspace.folder import Workspace
from fit.space_file import save
from tests.fuzz import scratch
from tests.fuzz.mutate import Seed

PORTRAIT = Path(__file__).resolve().parents[2] / "data" / "demo" / "hopper.jpg"
DIMS = 8


def _crop(number: int = 0) -> bytes:
    rows = np.random.default_rng(number).integers(0, 256, (10, 10, 3), np.uint8)
    return encode_png(np.repeat(np.repeat(rows, 16, 0), 16, 1))


@cache
def picture_seeds(kind: str) -> tuple[Seed, ...]:
    """Small photographs of one format, in the ways that cameras and programs write it."""
    base = Image.open(PORTRAIT).convert("RGB").resize((96, 80))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "\x1b[31mred [red]"
    icc = b"\0" * 128 + b"profile" * 30
    frames = [base.rotate(angle) for angle in (90, 180)]
    ways: dict[str, list[tuple[str, dict[str, object]]]] = {
        "PNG": [
            ("RGB", {"exif": exif, "icc_profile": icc}), ("P", {}), ("I;16", {}), ("RGBA", {}),
            ("1", {}), ("RGB", {"save_all": True, "append_images": frames}),
        ],
        "JPEG": [
            ("RGB", {"exif": exif, "icc_profile": icc}), ("L", {}), ("CMYK", {}),
            ("RGB", {"progressive": True, "quality": 30}),
        ],
        "MPO": [("RGB", {"save_all": True, "append_images": frames})],
        "WEBP": [
            ("RGB", {"exif": exif}), ("RGBA", {"lossless": True}),
            ("RGB", {"save_all": True, "append_images": frames}),
        ],
        "BMP": [("RGB", {}), ("P", {}), ("1", {}), ("L", {})],
        "TIFF": [
            ("RGB", {"compression": "tiff_lzw", "exif": exif}), ("RGB", {"compression": "jpeg"}),
            ("L", {"compression": "tiff_adobe_deflate"}), ("I;16", {}), ("F", {}),
            ("1", {"compression": "group4"}), ("RGB", {}),
        ],
        "GIF": [("P", {}), ("P", {"save_all": True, "append_images": frames})],
        "PPM": [("RGB", {}), ("L", {}), ("1", {})],
        "AVIF": [("RGB", {"exif": exif})] if features.check("avif") else [],
    }  # fmt: skip
    found = []
    for mode, options in ways[kind]:
        out = io.BytesIO()
        image = base.convert("I").convert("I;16") if mode == "I;16" else base.convert(mode)
        image.save(out, kind, **options)
        found.append(Seed(out.getvalue(), "png" if kind == "PNG" else "bytes"))
    return tuple(found)


@cache
def crop_seeds() -> tuple[Seed, ...]:
    """A crop of ours."""
    return (Seed(_crop(), "png"),)


@cache
def npz_seeds() -> tuple[Seed, ...]:
    """Arrays as packed by us and as compressed by others."""
    arrays = {"rows": np.eye(3, 4, dtype=np.float32), "files": np.array(["a.png", "b.png"])}
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return (Seed(pack(arrays), "zip"), Seed(out.getvalue(), "zip"))


@cache
def row_seeds() -> tuple[Seed, ...]:
    """A feature file of two pictures."""
    pictures = {"0001.png": _crop(1), "0002.png": _crop(2)}
    rows = np.random.default_rng(1).normal(size=(2, 12)).astype(np.float32)
    return (Seed(pack(dict(cached_arrays(pictures, rows))), "zip"),)


@cache
def space_seeds() -> tuple[Seed, ...]:
    """A face space of few dimensions."""
    random = np.random.default_rng(3)
    cohort = random.normal(size=(20, DIMS)).astype(np.float32)
    cohort /= np.linalg.norm(cohort, axis=1, keepdims=True)
    space = FaceSpace(
        mean=random.normal(size=12).astype(np.float32),
        projection=random.normal(size=(12, DIMS)).astype(np.float32),
        offset=random.normal(size=DIMS).astype(np.float32),
        mixtures=cohort,
        impostors=ImpostorCurve(np.geomspace(1, 1e-4, 20), np.linspace(0, 0.5, 20)),
        provenance={"people": 20},
        parts=(8, 4),
    )
    path = scratch.folder() / "seed-space.npz"
    save(space, path)
    return (Seed(path.read_bytes(), "zip"),)


@cache
def workspace_files() -> dict[str, bytes]:
    """A small workspace: two people, a split, two models, an evaluation, trash, unknown, roster."""
    workspace = Workspace(scratch.tree("seed", {}))
    workspace.prepare()
    people = People(workspace)
    for name in ("Ada Lovelace", "Zoë Brown", "Grace Hopper"):
        person = people.add(name, Consent(by="op", at="2026-11-27T00:00:00+00:00"))
        writer = SessionWriter(people, person, "demo:hopper", 4)
        for number in range(4):
            writer.add(
                _crop(number), PictureRecord(frame=number, seconds=number / 3, box=(1, 2, 90, 90),
                eyes_found=True, brightness=99.5, sharpness=300.0, label="a\x1b[31m.jpg"),
            )  # fmt: skip
        writer.close("complete", {"blurred": 2})
    save_split(workspace, make_split(people.list(), SplitSettings()))
    store = ModelStore(workspace)
    for number in (1, 2):
        centres = np.roll(np.eye(2, DIMS, dtype=np.float32), number, 1)
        draft = ModelDraft(
            recipe="head",
            people=[("ada-lovelace", "Ada Lovelace", "r1"), ("grace-hopper", "Grace Hopper", "r2")],
            centres=centres,
            arrays={"rows": np.ones((2, 3), np.float32)},
            metrics={"val_accuracy": 0.9, "val_loss": float("nan")},
            epochs=3,
            best_epoch=2,
            threshold=0.3,
            calibration={"kept": [0.1, 0.2]},
            details={"history": [], "gate": {"promote": True, "sentence": "good"}},
        )
        store.promote(store.save(draft).id)
    done = EvaluateDone(
        model=store.current_id() or "", recipe="head", people=("Ada Lovelace", "Grace Hopper"),
        probes=4, missed=0, strangers=9, stranger_people=3, strangers_from="own", fpir=0.01,
        threshold=0.3, rank1=1.0, tpir={"0.01": 0.5}, fpir_at_threshold=0.0, tpir_at_threshold=1.0,
        intervals={"rank1": (0.5, 1.0)}, per_person={"Ada Lovelace": (2, 2, 2)},
        per_session={"Ada Lovelace/s": (2, 2, 2)}, confusion=((2, 0, 0), (0, 2, 0)),
        det=((0.1, 0.5, 0.0), (0.3, 0.0, 0.1)),
        confused=(("Ada Lovelace", "Grace Hopper", 0.2, 0.5, "a.png", "b.png"),),
        suspects=(("Ada Lovelace", "a.png", "blurred", "look"),), sentence="Good.",
    )  # fmt: skip
    save_evaluation(workspace, done)
    delete_people(workspace, ["Zoë Brown"], 30)
    pictures = {f"{n:04d}.png": _crop(n) for n in (1, 2)}
    rows = np.tile(np.array([1.0, 0.0], np.float32), (2, 1))
    packed = pack({**cached_arrays(pictures, rows), "embeddings": rows})
    parts = (*pictures.values(), packed)
    unknown = UnknownStore(workspace, UnknownSettings(keep=True))
    unknown.switch(True)
    unknown.add(
        Sighted(
            source="demo:hopper", track=1, candidate="Ada Lovelace", score=0.1, threshold=0.3,
            shots=tuple((n, n / 2, (1, 2, 90, 90), True, 120.0, 300.0) for n in range(2)),
            extractor="e" * 64, space="s" * 64, sizes=tuple(map(len, parts)),
            payload=b"".join(parts),
        )
    )  # fmt: skip
    (workspace.root / "roster.json").write_text(
        json.dumps({"version": 1, "names": [{"name": "Mary", "consent": "form 7"}]})
    )
    (workspace.unknown / "choices.json").write_text(
        json.dumps([{"id": "x", "slug": "ada"}, {"id": "y", "apart": [["a"], ["b"]]}])
    )
    return {
        str(path.relative_to(workspace.root)): path.read_bytes()
        for path in sorted(workspace.root.rglob("*"))
        if path.is_file() and path.name not in (".lock", ".audit.lock")
    }


def file_seeds(*endings: str) -> tuple[Seed, ...]:
    """The files of the small workspace whose paths end so; the prefix is the file's number."""
    kinds = {".json": "json", ".jsonl": "lines", ".npz": "zip", ".png": "png"}
    names = [name for name in workspace_files() if name.endswith(endings)]
    return tuple(
        Seed(workspace_files()[name], kinds.get(Path(name).suffix, "text"), bytes([number]))
        for number, name in enumerate(names)
    )


@cache
def recording_files() -> dict[str, bytes]:
    """A recording of three frames."""
    scratch.tree("seed-recording", {})
    part, _done = new_recording(scratch.folder() / "seed-recording" / "t")
    source = SourceInfo(
        text="rtsp://u:p@cam/x", kind="stream", live=True, width=64, height=48, fps=30.0
    )
    recording = FrameRecording(part, source)
    for number in range(3):
        image = np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8)
        recording.add(Frame(image, number, number / 30, "label"))
    recording.close()
    body = {"format": 1, "job": "recognise", "request": {"source": "0"}, "settings": {}}
    (part / "session.json").write_text(json.dumps(body))
    return {path.name: path.read_bytes() for path in sorted(part.iterdir())}


@cache
def recording_seeds() -> tuple[Seed, ...]:
    """Its files; the prefix is the file's number."""
    kinds = {"frames.jsonl": "lines", "session.json": "json"}
    return tuple(
        Seed(data, kinds.get(name, "bytes"), bytes([number]))
        for number, (name, data) in enumerate(recording_files().items())
    )


@cache
def clip_seeds() -> tuple[Seed, ...]:
    """Short films as OpenCV writes them."""
    import cv2

    found = []
    for suffix, code in ((".mp4", "mp4v"), (".avi", "MJPG")):
        path = scratch.folder() / f"seed{suffix}"
        film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), 25, (64, 48))
        for number in range(4):
            film.write(np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8))
        film.release()
        found.append(Seed(path.read_bytes()))
    return tuple(found)


@cache
def wire_seeds() -> tuple[Seed, ...]:
    """Messages, framed as they go over the socket; and their headers alone."""
    seen = FaceSeen(
        source="0", frame=1, seconds=0.5, box=(1, 2, 3, 4), track=1, candidate="Ada", score=0.5,
        threshold=0.3, runner_up=None, runner_up_score=0.0, person="Ada", decision="known",
        votes=3, of=3, stale=False, milliseconds=9.0,
    )  # fmt: skip
    framed = [encode(message) for message in (seen, Notice(text="hello", level="info"))]
    heads = [Seed(each[8:], "json", b"\1") for each in framed]
    return (*(Seed(each, "bytes", b"\0") for each in framed), *heads)


def texts(*lines: str) -> tuple[Seed, ...]:
    """Lines of text as seeds."""
    return tuple(Seed(line.encode(), "text") for line in lines)


CONFIG = """[camera]
width = 640
open_timeout = 8.0
[gates]
min_face = 80
[recognition]
fpir = 0.01
window = 7
[app]
theme = "nord"
mouse = true
"""
KEYS = '"anywhere.new_person" = "f4"\n[people]\nfilter = "g"\n'
ENVIRONMENT = 'GATES__MIN_FACE=90\nAPP__THEME=nord\nSPLIT__SEED=3\nCAMERA={"width": 640}'
ROSTER = 'id,name,consent\n1,Ada Lovelace,2026\n2,"Brown, Zoë",\n3,\'=Grace,x\n'
