"""What a bench is to do: passed to the process of each measurement as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`folder` is the bench's own, for all it writes. `program` is Facedesk's command line.

    `workspace`: take crops of the people there, which is only read; None: those of the demo.
    """

    folder: str
    program: tuple[str, ...]
    quick: bool = False
    workspace: str | None = None

    @property
    def path(self) -> Path:
        """The bench's own folder."""
        return Path(self.folder)

    def sized(self, whole: int, quick: int) -> int:
        """How much of something: less if it has to be quick."""
        return quick if self.quick else whole

    def to_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The reverse of `to_json`."""
        fields = json.loads(text)
        return cls(**{**fields, "program": tuple(fields["program"])})
