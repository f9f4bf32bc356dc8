"""Which files count as pictures, by their names. Needs neither NumPy nor Pillow."""

from __future__ import annotations

from pathlib import Path

PICTURE_SUFFIXES = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff",
        ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif", ".jp2", ".mpo",
    }
)  # fmt: skip
"""Lower-case suffixes by which a file counts as a picture, whether or not it can be decoded."""


def is_picture_name(path: Path) -> bool:
    """Whether the file's suffix is that of a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES
