"""The roster of the desk without an engine."""

from __future__ import annotations

from engine.contract.people import Added, RosterRow


def row(name: str, pictures: int = 0) -> RosterRow:
    """A name on the roster."""
    return RosterRow(name=name, consent=None, pictures=pictures)


class FakeRoster:
    """`names` is what is on it; a file adds Ada and Grace."""

    names: tuple[RosterRow, ...] = ()

    def roster(self) -> tuple[RosterRow, ...]:
        return self.names

    def add_to_roster(self, source: str) -> Added:
        self.names = (*self.names, row("Ada"), row("Grace"))
        return Added(("Ada", "Grace"), ("Bob is enrolled already, as Bob",))
