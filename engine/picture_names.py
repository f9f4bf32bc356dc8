"""Which files of a folder count as its pictures, unopened. Needs neither NumPy nor Pillow."""

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


def leads_outside(path: Path, root: Path) -> bool:
    """Whether `path` is a link to what lies outside `root`.

    Whoever made the folder need not be who may read what the link names.
    """
    try:
        return path.is_symlink() and not path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # nowhere, or in a circle: refused when it is read
        return False
