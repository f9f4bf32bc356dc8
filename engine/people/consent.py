"""Consent of a person: who noted it, when, and which text they agreed to."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from engine.people.identity import iso
from engine.settings import ConsentSettings

State = Literal["none", "given", "outdated", "withdrawn"]
"""`outdated`: to another text, or another version of it, than the present one."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What person.json says of consent. Times are ISO 8601 in UTC.

    `by` is who asked and noted it, `text_version` the version of the text that was agreed to, and
    `text` the words themselves, empty where only a version was noted.
    `withdrawn` is when it was taken back, empty if it was not. Entries of before there were
    versions are one text: it is `by`, without time and version.
    """

    by: str
    at: str = ""
    text_version: str = ""
    withdrawn: str = ""
    text: str = ""

    @property
    def text_sha256(self) -> str:
        """Digest of the text in UTF-8, to compare it with a signed sheet; empty without a text."""
        return hashlib.sha256(self.text.encode()).hexdigest() if self.text else ""

    @property
    def given(self) -> bool:
        """Whether it holds."""
        return not self.withdrawn

    def to_json(self) -> dict[str, str]:
        """The form in person.json."""
        return asdict(self)


def read_consent(body: Any) -> Consent | None:
    """The consent in person.json; None if none was noted. Raises ValueError if it is damaged."""
    if not body:
        return None
    if isinstance(body, str):
        return Consent(by=body)
    if not isinstance(body, dict) or not all(isinstance(each, str) for each in body.values()):
        raise ValueError("consent is neither text nor a record")
    known = {name: body[name] for name in Consent.__dataclass_fields__ if name in body}
    if not known.get("by"):
        raise ValueError("consent does not say who noted it")
    return Consent(**known)


def noted(by: str, settings: ConsentSettings, version: str = "") -> Consent:
    """Consent given now to the present text, or to another `version` of it whose words are not
    known here. `by` is who asked."""
    present = version in ("", settings.text_version)
    return Consent(
        by=by.strip(),
        at=iso(datetime.now(UTC)),
        text_version=version or settings.text_version,
        text=settings.text if present else "",
    )


def state_of(consent: Consent | None, settings: ConsentSettings) -> State:
    """Where a person's consent stands against the present text."""
    if consent is None:
        return "none"
    if not consent.given:
        return "withdrawn"
    other_version = consent.text_version not in ("", settings.text_version)
    if other_version or consent.text not in ("", settings.text):
        return "outdated"
    return "given"
