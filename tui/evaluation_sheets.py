"""An evaluation as tables to be copied: the figures, or what the part in front shows."""

from __future__ import annotations

from engine.events import EvaluateDone
from tui.sheets import Sheet
from tui.text import figure


def evaluation_sheet(result: EvaluateDone, part: str) -> Sheet:
    """The table of a part of the evaluation screen; its figures where the part is no table."""
    if part == "persons":
        return _persons(result)
    if part == "confusion":
        header = ("probe of", *result.people, "nobody")
        rows = zip(result.people, result.confusion, strict=False)
        cells = tuple((name, *(str(count) for count in row)) for name, row in rows)
        return Sheet("confusion", header, cells)
    if part == "curve":
        points = tuple(tuple(f"{value:.6g}" for value in point) for point in result.det)
        return Sheet("det-curve", ("threshold", "FPIR", "FNIR"), points)
    return _figures(result)


def _persons(result: EvaluateDone) -> Sheet:
    rows = tuple(
        (name, *(str(count) for count in counts))
        for name, counts in (*result.per_person.items(), *result.per_session.items())
    )
    return Sheet("evaluation-people", ("who", "probes", "right at rank 1", "named rightly"), rows)


def _figures(result: EvaluateDone) -> Sheet:
    ends = result.intervals
    shares = (
        ("rank1", result.rank1),
        ("tpir_at_threshold", result.tpir_at_threshold),
        ("fpir_at_threshold", result.fpir_at_threshold),
        *((f"tpir@{rate}", value) for rate, value in result.tpir.items()),
    )
    rows = [
        (name, figure(value, ".6g"), *(figure(end, ".6g") for end in ends.get(name, ())))
        for name, value in shares
    ]
    rows += [
        ("threshold", figure(result.threshold, ".6g")),
        ("probes", str(result.probes)),
        ("strangers", str(result.strangers)),
        ("model", result.model),
    ]
    padded = tuple((*row, *[""] * (4 - len(row))) for row in rows)
    return Sheet("evaluation", ("figure", "value", "95 % from", "95 % to"), padded)
