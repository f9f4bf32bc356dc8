"""Remedies whose words depend on where they are read: the command line names commands and options,
the app names keys.

A hint that is the same for both is plain text. As text a Remedy is what the command line says;
`tui.words.remedies` has the app's words.
"""

from __future__ import annotations

from enum import StrEnum


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
