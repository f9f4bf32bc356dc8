"""A folder of pictures as a source, in the order of their names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from engine.camera.source import Frame, Report, Source, SourceInfo, check_there, ignore
from engine.contract import Notice, PictureSkipped
from engine.contract.errors import SourceUnreadable
from engine.picture_formats import FORMATS, READ_SUFFIXES, is_picture_name, leads_outside
from engine.pictures import Unreadable, read_photograph
from engine.text import many

SECONDS_A_PICTURE = 0.1
"""The clock of a folder: ten pictures a second, as for frames saved from a clip."""


class FolderSource(Source):
    """All pictures below a folder, or one picture.

    Labels are paths relative to the folder. A file that cannot be decoded is reported
    (`PictureSkipped`) and skipped; its number in `sequence` is skipped with it. Raises
    SourceNotFound, SourceDenied, and SourceUnreadable where there is no picture to decode.
    """

    def __init__(self, path: Path, report: Report = ignore) -> None:
        self._report = report
        self._path = path
        self._files = pictures_of(path, report)
        self._next = 0
        self._only: Unreadable | None = None
        """Why the picture cannot be used that the source names, if it names one."""
        self._ahead = self.read()
        if self._ahead is None and self._only is not None:
            raise SourceUnreadable(self._only.title, self._only.message, self._only.hint)
        if self._ahead is None:
            raise SourceUnreadable(
                "There is no picture in the folder that can be decoded",
                f"{path}: {many(len(self._files), 'file is', 'files are')} damaged or no pictures",
                "Open one with a picture viewer, and copy them again.",
            )
        height, width = self._ahead.image.shape[:2]
        count = len(self._files)
        detail = f"{many(count, 'picture')}, the first {width}x{height}"
        self.info = SourceInfo(
            str(path), "folder", False, width, height, 0.0, frames=count, detail=detail
        )
        """`frames` counts the files, `width` and `height` are those of the first picture."""

    def _read(self) -> Frame | None:
        """The next picture that can be decoded, or None after the last."""
        while self._next < len(self._files):
            number = self._next
            self._next += 1
            file, label = self._files[number]
            try:
                image = read_photograph(file, noted(label, self._report))
            except Unreadable as error:
                self._only = error if file == self._path else None
                self._skip(label, error.reason)
            except OSError:
                self._skip(label, "unreadable")
            else:
                return Frame(image, number, number * SECONDS_A_PICTURE, label)
        return None

    def _skip(self, label: str, reason: str) -> None:
        known = {
            **{format: f"was skipped: {why}" for format, why in FORMATS.items()},
            "too_large": "is too large and was skipped",
            "denied": "may not be read and was skipped: permission denied",
        }
        text = f"{label} {known.get(reason, 'cannot be decoded and was skipped')}"
        self._report(PictureSkipped(text=text, level="warning", file=label, reason=reason))


def noted(label: str, report: Report) -> Callable[[str], None]:
    """What hears what is not taken of the picture of this label, and reports it."""

    def tell(what: str) -> None:
        text = f"{label}: {what}"
        report(Notice(text=text, level="warning"))

    return tell


def pictures_of(path: Path, report: Report = ignore) -> tuple[tuple[Path, str], ...]:
    """Every picture file below a folder (or one picture itself) with its label, sorted by name.

    A label is the path relative to the folder. Hidden files are left out; a link that leads out of
    the folder, and a sub-folder that may not be read, are left out and reported. Nothing is
    decoded. Raises SourceNotFound, SourceDenied, and SourceUnreadable where there is no picture.
    """
    check_there(path)
    if not path.is_dir():
        return ((path, path.name),)

    def tell(error: OSError) -> None:
        text = f"{error.filename} was left out: {error.strerror}"
        report(Notice(text=text, level="warning"))

    found: list[tuple[Path, str]] = []
    for folder, below, names in os.walk(path, onerror=tell):
        below[:] = [name for name in below if not name.startswith(".")]
        files = (Path(folder, name) for name in names if not name.startswith("."))
        for file in filter(is_picture_name, files):
            label = str(file.relative_to(path))
            if leads_outside(file, path):
                text = f"{label} leads out of the folder and was left out"
                report(Notice(text=text, level="warning"))
            else:
                found.append((file, label))
    if not found:
        hint = f"Pictures are known by their names: {' '.join(sorted(READ_SUFFIXES))}."
        raise SourceUnreadable("There is no picture in the folder", str(path), hint)
    return tuple(sorted(found, key=lambda each: Path(each[1]).parts))
