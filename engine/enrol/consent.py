"""Consent of a person: who noted it, when, and which text they agreed to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Consent:
    """What person.json says of consent. Times are ISO 8601 in UTC.

    `by` is who asked and noted it, `text_version` the version of the text that was agreed to.
    `withdrawn` is when it was taken back, empty if it was not. Entries of before there were
    versions are one text: it is `by`, without time and version.
    """

    by: str
    at: str = ""
    text_version: str = ""
    withdrawn: str = ""

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
