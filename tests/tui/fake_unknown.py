"""The fake desk's inbox and explanations: groups in memory, choices that can be undone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from engine.contract import Rule, Why
from engine.contract.errors import NothingToUndo
from engine.contract.requests import InboxView, SightingRow, UnknownGroup


def png(colour: tuple[int, int, int] = (200, 120, 90)) -> bytes:
    """A crop of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (160, 160), colour).save(buffer, "PNG")
    return buffer.getvalue()


def unknown(
    number: int, candidate: str = "Ada Lovelace", seen: int = 1, **fields: object
) -> UnknownGroup:
    """A group of so many sightings on one day, three crops each."""
    day = f"2026-11-2{number}"
    rows = tuple(
        SightingRow(
            f"2026112{number}-09{30 + n}00-001",
            f"{day}T09:{30 + n}:00+00:00",
            3,
            f"unknown/{number}-{n}/0001.png",
        )
        for n in range(seen)
    )
    group = UnknownGroup(
        sightings=tuple(row.id for row in rows),
        rows=rows,
        crops=3 * seen,
        first=rows[0].at,
        last=rows[-1].at,
        source="demo:hopper",
        candidate=candidate,
        score=0.12,
        threshold=0.31,
        picture=rows[-1].picture,
    )
    return replace(group, **fields)  # type: ignore[arg-type]


def gates(
    width: float = 180, brightness: float = 121.0, sharpness: float = 412.0
) -> tuple[tuple[str, float, float], ...]:
    """A probe's figures at the default limits."""
    return (
        ("too_small", width, 80),
        ("too_dark", brightness, 45.0),
        ("too_bright", brightness, 215.0),
        ("blurred", sharpness, 150.0),
    )


def why(track: int = 1, **fields: object) -> Why:
    event = Why(
        source="demo:collins",
        frame=40,
        seconds=1.3,
        track=track,
        decision="known",
        rule=Rule.MAJORITY,
        person="Ada Lovelace",
        candidate="Ada Lovelace",
        score=0.62,
        threshold=0.48,
        runner_up="Grace Hopper",
        runner_up_score=0.21,
        margin=0.41,
        votes=6,
        of=7,
        window=7,
        least=3,
        stale=False,
        gates=gates(),
        eyes_found=True,
        nearest=(
            ("Ada Lovelace", "people/ada/s/0001.png", 0.83),
            ("Ada Lovelace", "people/ada/s/0002.png", 0.8),
            ("Grace Hopper", "people/grace/s/0001.png", 0.31),
        ),
        compared=60,
        crop=png(),
    )
    return replace(event, **fields)  # type: ignore[arg-type]


class FakeUnknown:
    """Mixed into `FakeDesk`, which records the calls."""

    keeping = False
    waiting: tuple[UnknownGroup, ...] = ()
    undone: tuple[tuple[str, tuple[UnknownGroup, ...]], ...] = ()

    def _record(self, name: str, argument: object) -> None:
        raise NotImplementedError

    def why(self, track: int | None) -> None:
        self._record("why", track)

    def picture(self, path: str) -> bytes:
        self._record("picture", path)
        return png()

    def inbox(self) -> InboxView:
        self._record("inbox", None)
        undo = self.undone[-1][0] if self.undone else ""
        return InboxView(keeping=self.keeping, days=7, groups=self.waiting, undo=undo)

    def inbox_switch(self, on: bool) -> None:
        self._record("inbox_switch", on)
        self.keeping = on

    def inbox_assign(
        self, sightings: Sequence[str], name: str, *, new: bool, consent: str = ""
    ) -> str:
        self._record("inbox_assign", (tuple(sightings), name, new, consent))
        return self._choice(f"Unknown is {name}", sightings)

    def inbox_stranger(self, sightings: Sequence[str], not_person: str = "") -> str:
        self._record("inbox_stranger", (tuple(sightings), not_person))
        return self._choice(
            f"Unknown: {'Not ' if not_person else 'Ignored'}{not_person}", sightings
        )

    def inbox_delete(self, sightings: Sequence[str]) -> str:
        self._record("inbox_delete", tuple(sightings))
        return self._choice("Deleted unknown", sightings)

    def inbox_split(self, sightings: Sequence[str], group: Sequence[str]) -> str:
        self._record("inbox_split", (tuple(sightings), tuple(group)))
        title = f"Split off {len(sightings)} of {len(group)} unknown"
        self.undone = (*self.undone, (title, self.waiting))
        whole = next(g for g in self.waiting if g.sightings == tuple(group))
        rest = [id for id in group if id not in sightings]
        others = [g for g in self.waiting if g is not whole]
        self.waiting = (whole.only(sightings), whole.only(rest), *others)
        return title

    def inbox_undo(self) -> str:
        self._record("inbox_undo", None)
        if not self.undone:
            raise NothingToUndo("There is nothing to undo", "no choice was made here lately")
        (title, self.waiting), self.undone = self.undone[-1], self.undone[:-1]
        return title

    def inbox_purge(self) -> int:
        self._record("inbox_purge", None)
        return 0

    def _choice(self, title: str, sightings: Sequence[str]) -> str:
        self.undone = (*self.undone, (title, self.waiting))
        left = ((g, [id for id in g.sightings if id not in sightings]) for g in self.waiting)
        self.waiting = tuple(group.only(ids) for group, ids in left if ids)
        return title
