"""What kind of source a text names. Needs no OpenCV and opens nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from engine.camera.masking import mask_credentials
from engine.camera.tape_folder import home_of, is_tape
from engine.errors import SourceNotFound
from engine.picture_names import is_picture_name

Kind = Literal["webcam", "file", "folder", "stream", "demo", "replay"]
STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")
REMOTE: tuple[Kind, ...] = ("webcam", "stream")
"""Kinds whose reads may hang, and that may go away and come back."""
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


def kind_of(text: str) -> Kind:
    """Which kind of source `text` names, without opening it. A single picture is a folder of
    one. Raises SourceNotFound for an empty text and for a URL of an unknown scheme."""
    text = text.strip()
    if not text:
        raise SourceNotFound(
            "No source was given",
            "",
            "Give 0, /dev/video0, a file, a folder, a URL or demo:collins.",
        )
    if text.startswith("demo:"):
        return "demo"
    if is_tape(text):
        return "replay"
    if text.isascii() and text.isdigit():
        return "webcam"
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() in STREAM_SCHEMES:
        return "stream"
    if scheme and scheme[1].lower() != "file":
        raise SourceNotFound(
            "The source cannot be used",
            f"{mask_credentials(text)} is a {scheme[1]} address",
            "Streams are read by {schemes}.".format(schemes=", ".join(STREAM_SCHEMES)),
        )
    # /dev/shm holds no devices, it is a disk in memory.
    if text.startswith("/dev/") and not text.startswith("/dev/shm/"):
        return "webcam"
    path = local_path(text)
    return "folder" if os.path.isdir(path) or is_picture_name(path) else "file"


def local_path(text: str) -> Path:
    """The path of a file or folder, `file://` and `~` resolved."""
    if text.lower().startswith("file://"):
        try:
            return Path(unquote(urlsplit(text).path))
        except ValueError:  # a host in brackets that is none
            return Path(text)
    return home_of(text)


def split_address(url: str) -> SplitResult:
    """The parts of a URL with a host and a sound port. Raises SourceNotFound."""
    try:
        parts = urlsplit(url)
        whole = parts.hostname and (parts.port or True)
    except ValueError:
        whole = None
    if not whole:
        raise SourceNotFound(
            "The address is not complete",
            mask_credentials(url),  # never the host alone: an unescaped password may be there
            "Write it as rtsp://host:port/path.",
        )
    return parts
