"""The call for pictures to look at."""

from __future__ import annotations

from engine.enrol.people import People
from engine.service.quick_calls import QuickCalls
from engine.service.rows import PictureRow


class StillCalls(QuickCalls):
    """Where a person's pictures lie. Reading needs no lock."""

    def pictures(self, person: str) -> tuple[PictureRow, ...]:
        """A person's pictures, session by session in order of capture. Raises PersonNotFound."""
        people = People(self._workspace)
        found = people.get(person)
        return tuple(
            PictureRow(session=path.parent.name, file=path.name, path=str(path))
            for path in people.pictures(found)
        )
