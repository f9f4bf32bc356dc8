"""What the user interface shows of one person, as rows."""

from __future__ import annotations

from dataclasses import dataclass

from engine.enrol.consent import Consent
from engine.service.rows import InModel


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """One picture. `brightness` is mean luma 0..255, `sharpness` the variance of the Laplacian,
    both of the aligned crop and NaN where nothing was written down; `label` the photograph's
    file name for an import, and `others` how many other faces of comparable size it shows."""

    file: str
    brightness: float
    sharpness: float
    eyes_found: bool
    label: str = ""
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """One session. The medians and the share with eyes found are over pictures with details,
    NaN if there is none."""

    id: str
    source: str
    started: str
    pictures: tuple[PictureFacts, ...]
    brightness: float
    sharpness: float
    eyes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionFacts:
    """How the last evaluation of the model in use went for a person.

    Of `probes` searches `named` named the person rightly at the threshold, `nobody` named nobody,
    and `others` are (name, how many) of those that named somebody else, most first.
    """

    model: str
    probes: int
    named: int
    nobody: int
    others: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """Everything about one person. `confusion` is None if the model was not measured on them."""

    name: str
    slug: str
    created: str
    in_model: InModel
    consent: Consent | None
    sessions: tuple[SessionFacts, ...]
    confusion: ConfusionFacts | None

    @property
    def pictures(self) -> int:
        """How many pictures there are over all sessions."""
        return sum(len(session.pictures) for session in self.sessions)
