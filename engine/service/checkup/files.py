"""Findings about the files recognition stands on: cascades, weights, face space, model.

Digests are compared with the known ones; nothing is decoded and OpenCV is not loaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from engine.errors import FacedeskError, VaultLocked
from engine.events import Finding
from engine.events.checkup import State
from engine.workspace import Workspace

CASCADES: dict[str, str] = {
    "frontalface_default": "0f7d4527844eb514d4a4948e822da90fbb16a34a0bbbbc6adc6498747a5aafb0",
    "frontalface_alt2": "7b0c967d9abbdfbde025eb9c786947d151b6426040d07a8f9562ed8fd90724b4",
    "eye": "71cc64fc305a355dc60067880f6fbbd43dd155bd63ee3844661a1bda34b2fd8c",
    "eye_tree_eyeglasses": "e32f9c67935c33e9d1331eb14fa58554ff17835c03742663bcb97a892e936a57",
}
"""SHA-256 of the cascades in opencv-python 4.14, with which the figures were measured."""
AGAIN = "pip install --force-reinstall 'opencv-python>=4.14,<5'"
SHOWN = 12
"""Characters of a digest that are shown; `--json` has them all in `detail`."""


def file_findings(workspace: Workspace, cascades: Path | None = None) -> list[Finding]:
    """Cascades, weights, face space and the model in use."""
    return [
        *cascade_findings(cascades or _cascade_folder()),
        _weights(),
        _face_network(),
        *_face_spaces(),
        _model(workspace),
    ]


def _cascade_folder() -> Path | None:
    """Where the installed OpenCV keeps its cascades, found without loading it."""
    found = importlib.util.find_spec("cv2")
    return Path(found.origin).parent / "data" if found and found.origin else None


def cascade_findings(folder: Path | None) -> list[Finding]:
    """One finding a cascade: absent is trouble, another version than the tested one a note."""
    found = []
    for name, known in CASCADES.items():
        try:
            if folder is None:
                raise FileNotFoundError
            digest = hashlib.sha256((folder / f"haarcascade_{name}.xml").read_bytes()).hexdigest()
        except OSError:
            found.append(_file(name, "trouble", "cascade missing", str(folder or ""), AGAIN))
            continue
        if digest == known:
            found.append(_file(name, "ok", f"cascade, SHA-256 {digest[:SHOWN]}", digest))
        else:
            value = f"cascade, SHA-256 {digest[:SHOWN]}, not the tested {known[:SHOWN]}"
            found.append(_file(name, "warning", value, digest, AGAIN))
    return found


def _weights() -> Finding:
    from engine.model.weights import PACKAGED, PACKAGED_SHA256

    return packaged_finding("VGG16 weights", PACKAGED, PACKAGED_SHA256)


def _face_network() -> Finding:
    from engine.model.resnet import PACKAGED, PACKAGED_SHA256

    return packaged_finding("face network weights", PACKAGED, PACKAGED_SHA256)


def _face_spaces() -> list[Finding]:
    """One finding a backbone."""
    from engine.model.backbones import DEFAULT, SPACES

    found = []
    for name, path in SPACES.items():
        try:
            known = path.with_name(path.name + ".sha256").read_text("ascii").split()[0]
        except (OSError, ValueError, IndexError):
            known = "absent"
        subject = "face space" if name == DEFAULT else f"face space of {name}"
        found.append(packaged_finding(subject, path, known))
    return found


def packaged_finding(subject: str, path: Path, known: str) -> Finding:
    """Whether a file that ships with Facedesk is the one that shipped."""
    again = "{install} (in a checkout: git checkout -- {file})".format(
        install="pip install --force-reinstall --no-deps facedesk", file=path.name
    )
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return _file(
            subject,
            "trouble",
            f"cannot be read: {error.strerror}",
            str(path),
            again,
        )
    if digest != known:
        value = f"damaged: SHA-256 {digest[:SHOWN]}, should be {known[:SHOWN]}"
        return _file(subject, "trouble", value, str(path), again)
    megabytes = path.stat().st_size / 1e6
    return _file(
        subject,
        "ok",
        f"SHA-256 {digest[:SHOWN]}, {megabytes:.1f} MB",
        digest,
    )


def _model(workspace: Workspace) -> Finding:
    from engine.model.store import ModelStore

    store = ModelStore(workspace)
    try:
        if store.current_id() is None:
            return _file("model", "note", "none yet", "", "facedesk train")
        info = store.load().info
    except VaultLocked as error:
        return _file("model", "note", error.title, str(workspace.models))
    except FacedeskError as error:
        remedy = error.hint or "facedesk train"
        return _file("model", "trouble", str(error), str(workspace.models), remedy)
    return _file("model", "ok", f"{info.id}, {len(info.people)} people, intact")


def _file(subject: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
    return Finding(
        group="files", subject=subject, state=state, value=value, detail=detail, remedy=remedy
    )
