"""Typed errors: each says what happened (title), the details (message) and the cure (hint).

A caller chooses by class, never by text. `exit_code` is what the command line returns. A hint that
is said otherwise in the app than on the command line is a `Remedy`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Remedy(StrEnum):
    """A hint of an error or a notice."""

    AGREE_AGAIN = "Ask whether they agree again: `facedesk people consent NAME --by WHO`."
    CONSENT = "Use --consent WHO."
    ENROL = "Enrol somebody first: `facedesk enroll NAME --source 0`."
    ENROL_TRAIN = "Enrol people, then run `facedesk train`."
    ERASE = "Restore it from a backup, or run `facedesk people erase NAME`."
    ERASE_AGAIN = "Run `facedesk people erase NAME` again, then remove that file."
    MODELS = "See `facedesk model list`, or train again."
    PEOPLE = "See `facedesk people list`."
    PICTURES = "See `facedesk people show NAME`."
    PROMOTE = "`facedesk model promote` uses it all the same."
    PROBES = "Run `facedesk split` and `facedesk train`, or use --probes DIR."
    ROLLBACK = "Run `facedesk model rollback`, or train again."
    ROSTER = "Clear it: `facedesk roster clear`."
    SHARED = "Use --shared-stay to erase only what nobody else holds."
    SPLIT = "Run `facedesk split`."
    STRANGER = "Restore it from a backup, or run `facedesk strangers remove NAME`."
    STRANGERS = "See `facedesk strangers list`."
    STRANGERS_FOLDER = "Use --strangers DIR."
    TRAIN = "Run `facedesk train`."
    TRASH = "See `facedesk trash list`."
    UNKNOWN = "See `facedesk unknown list`."
    UNSURE = "Use --unsure remove or --unsure keep."
    VAULT = "Encrypt it: `facedesk vault create`."


class FacedeskError(Exception):
    """Base of every expected trouble. `str()` gives one sentence fit for an operator."""

    exit_code: ClassVar[int] = 1

    def __init__(self, title: str, message: str = "", hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.title}: {self.message}" if self.message else self.title


class UsageError(FacedeskError):
    """A request that cannot be right, whatever the data are."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting outside its bounds, or a configuration file that cannot be read."""


class NameInvalid(UsageError):
    """A person's name that is empty, too long or holds characters that names may not hold."""


class SourceError(FacedeskError):
    """The camera, clip, folder or stream could not be used."""

    exit_code = 3


class SourceNotFound(SourceError):
    """No such device, file, folder or demo."""


class SourceDenied(SourceError):
    """The device or file exists, but this user may not read it."""


class SourceBusy(SourceError):
    """Another program, or another job of ours, holds the camera."""


class SourceUnreadable(SourceError):
    """The source exists, but no picture can be decoded from it."""


class SourceTimeout(SourceError):
    """The source did not answer in time."""


class NoDisplay(SourceError):
    """A preview window was asked for where there is no screen."""


class DataError(FacedeskError):
    """The workspace's pictures, people or split do not allow what was asked."""

    exit_code = 4


class AuditBroken(DataError):
    """The audit log was changed, or is not the one it is compared with."""


class NameTaken(DataError):
    """Another person has this name already."""


class PersonNotFound(DataError):
    """Nobody of this name is enrolled."""


class PersonUnreadable(DataError):
    """Somebody is here, and their folder or person.json cannot be read: not ours, or damaged."""


class ConsentMissing(DataError):
    """Somebody is to be enrolled who did not agree, and the settings demand that they do."""


class NothingToUndo(DataError):
    """The trash holds no such change."""


class UndoConflict(DataError):
    """A change cannot be undone, for something has taken its place or was changed since."""


class NoPictures(DataError):
    """There are no pictures to work on."""


class SplitMissing(DataError):
    """There is no split yet, or it no longer fits the pictures."""


class WorkspaceUnusable(DataError):
    """The workspace cannot be read or written (permissions, read-only file system)."""


class WorkspaceDenied(WorkspaceUnusable):
    """Something of the workspace is there, and this process is not given it: by its permissions, or
    by a disk that fails. It is not damaged, and nobody may go on as if it were absent."""


class WorkspaceTooNew(DataError):
    """A newer version of Facedesk wrote this workspace, or this file of it."""


class WorkspaceShared(DataError):
    """The workspace is open to other users or computers, and the settings refuse that."""


class WorkspaceLocked(DataError):
    """Another Facedesk process is writing to this workspace."""


class SealBroken(DataError):
    """A file of an encrypted workspace was changed, swapped or put there from outside."""


class DiskFull(DataError):
    """A write failed for lack of space. What was there before is untouched."""


class OutputLost(DataError):
    """What a command prints cannot be written, on a full disk say. What it did is kept."""


class VaultError(FacedeskError):
    """The encryption of a workspace: not data, so that nobody takes what is locked for damaged."""

    exit_code = 4


class VaultLocked(VaultError):
    """The workspace is encrypted and was not opened, or is so no longer."""


class WrongKey(VaultError):
    """The passphrase or key file does not open the vault."""


class ModelError(FacedeskError):
    """A model could not be trained, loaded or used."""

    exit_code = 5


class NoModel(ModelError):
    """No model has been trained yet."""


class ModelCorrupt(ModelError):
    """A model or weights file does not match its recorded digest, shapes or types."""


class DetectorMissing(ModelError):
    """OpenCV was installed without the cascade files of its face detector."""


class BackboneMissing(ModelError):
    """A backbone, or the runtime asked for, needs a package that is not installed or fails."""


class TooFewPeople(ModelError):
    """The recipe needs more people than are enrolled."""


class ReviewNeeded(FacedeskError):
    """It was done, and something of it waits for somebody to look at it."""

    exit_code = 6


class Cancelled(FacedeskError):
    """The operator stopped the job. Nothing is lost."""

    exit_code = 130

    def __init__(self, title: str = "", message: str = "", hint: str = "") -> None:
        super().__init__(title or "Cancelled", message, hint)


class EngineDied(FacedeskError):
    """A child process of the engine ended unexpectedly."""


class EngineHung(EngineDied):
    """A child process showed no sign of life, or its job no progress, and was ended."""


class EngineTooLarge(EngineDied):
    """A child process took more memory than it may have, and was ended."""

    exit_code = 7


class OutOfMemory(FacedeskError):
    """The machine, or this process's limit, has too little memory for what was asked.

    No error of data or model: nobody may take for damaged what memory was lacking for.
    """

    exit_code = 7
