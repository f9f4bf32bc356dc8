"""Where pictures came from, as far as an audit entry may say: never a path, it may hold a name."""

from __future__ import annotations

from urllib.parse import urlsplit

from engine.camera.masking import mask_credentials


def place(source: str) -> str:
    """A webcam as it was named, a stream by scheme and host, a demo; else only `file`."""
    text = source.strip()
    if text.isdigit() or text.startswith(("/dev/", "demo:")):
        return text.partition("?")[0]
    if "://" not in text:
        return "file"
    masked = mask_credentials(text)  # first: a password with a slash in it would pass for a host
    try:
        parts = urlsplit(masked)
        return f"{parts.scheme}://{parts.hostname or ''}"
    except ValueError:
        return "stream"
