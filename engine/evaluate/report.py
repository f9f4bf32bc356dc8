"""An evaluation in sentences, and as one HTML file: no script, no link, no other file.

It holds face pictures, so that it is written for its owner's eyes only (mode 0600). Its last line
is a mark with the digest of all before it: who erases a person knows by it that the report is ours,
and that nobody has written anything into it.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract import EvaluateDone, Warned, grouped
from engine.contract.events_model import rests_on
from engine.evaluate.figures import Figures
from engine.evaluate.plots import Scores, confusion_plot, det_plot, histogram_plot, safe
from engine.evaluate.probes import StrangersFrom
from engine.pictures import encode_png
from engine.recognise.calibration import Bounds, at_most
from engine.recognise.threshold import strangers_needed
from engine.rights.archive import report_mark
from engine.text import many, percent
from engine.workspace.files import write_plain

REPORT = "evaluation.html"
"""Name of the file in the report's folder."""

Crops = Callable[[Path], NDArray[np.uint8] | None]
"""The face (uint8 RGB 160x160x3) in the picture at a path, or None."""


Samples = Mapping[str, Scores]
"""Scores for the histogram: probes for their own person and for the best other one (`own`,
`other`), and strangers for their candidate (`stranger`), (n,) each."""


def write_report(path: Path, done: EvaluateDone, samples: Samples, crop: Crops) -> None:
    """Write the report to `path`, atomically. Raises DiskFull, WorkspaceUnusable."""
    page = render(done, samples, crop).encode()
    write_plain(path, page + report_mark(page))


def render(done: EvaluateDone, samples: Samples, crop: Crops) -> str:
    """The whole page."""
    title = f"Evaluation of {done.model}"
    sections = (
        _figures(done),
        _plots(done, samples),
        _people(done),
        _section(
            "Confusion matrix",
            f"<div class=wide>{confusion_plot(done.people, done.confusion)}</div>",
        ),
        _confused(done, crop),
        _suspects(done, crop),
        _section("Leakage", _paragraph(leakage_sentence(done.leakage) or "Not measured.")),
        _section("What the words mean", _glossary()),
    )
    people = many(len(done.people), "person", "people")
    about = f"Recipe {done.recipe}, {people}, threshold {done.threshold:.3f}."
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Nothing may be fetched, whatever a name might smuggle in.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{safe(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{safe(title)}</h1>{_paragraph(about)}<p class=lead>{safe(done.sentence)}</p>"
        f"{_warnings(done)}"
        f"{''.join(sections)}</main></body></html>\n"
    )


def _warnings(done: EvaluateDone) -> str:
    items = "".join(f"<li>{safe(text)}</li>" for text in grouped(done.warnings))
    return f"<ul class=warnings>{items}</ul>" if items else ""


def figure_rows(done: EvaluateDone) -> list[tuple[str, str, str]]:
    """Each figure's name, its value, and what it is at least and at most."""
    rows = [
        ("Rank-1", done.rank1, "rank1"),
        ("TPIR at the threshold", done.tpir_at_threshold, "tpir_at_threshold"),
        ("FPIR at the threshold", done.fpir_at_threshold, "fpir_at_threshold"),
        *(
            (f"TPIR at FPIR {percent(float(fpir))}", value, f"tpir@{fpir}")
            for fpir, value in done.tpir.items()
        ),
    ]
    return [(name, _number(value), _bounds(done.intervals.get(key))) for name, value, key in rows]


def _figures(done: EvaluateDone) -> str:
    table = _table(("Figure", "Value", "95 % bounds"), figure_rows(done), numbers=(1, 2))
    return _section("Figures", _paragraph("; ".join(rests_on(done)) + ".") + table)


def _plots(done: EvaluateDone, samples: Samples) -> str:
    figures = []
    if done.det and math.isfinite(done.fpir_at_threshold):
        seen = (done.fpir_at_threshold, 1 - done.tpir_at_threshold)
        figures.append(
            (
                det_plot(done.det, done.threshold, seen),
                "DET curve: missed people against named strangers; the dot is the threshold in "
                "use. Nearer to the lower left is better.",
            )
        )
    if any(len(scores) for scores in samples.values()):
        figures.append(
            (
                histogram_plot(samples, done.threshold),
                'Scores of probes for <b class="own">their own person</b>, for the '
                '<b class="other">best other one</b>, and of <b class="stranger">strangers</b>; '
                "the line is the threshold.",
            )
        )
    shown = "".join(f"<figure>{p}<figcaption>{c}</figcaption></figure>" for p, c in figures)
    return _section("Curves", f"<div class=row>{shown}</div>") if shown else ""


def _people(done: EvaluateDone) -> str:
    def table(heading: str, counted: Mapping[str, tuple[int, int, int]]) -> str:
        rows = [
            (
                safe(name),
                str(probes),
                *(_number(n / probes if probes else math.nan) for n in counts),
            )
            for name, (probes, *counts) in counted.items()
        ]
        head = (heading, "Probes", "Rank-1", "Named rightly")
        return _table(head, rows, numbers=(1, 2, 3))

    sessions = table("Session", done.per_session)
    folded = f"<details><summary>By session</summary>{sessions}</details>"
    return _section("People", table("Person", done.per_person) + folded)


def _confused(done: EvaluateDone, crop: Crops) -> str:
    cards = "".join(
        f"<figure class=card>{_image(crop, probe, person)}{_image(crop, picture, other)}"
        f"<figcaption><b>{safe(person)}</b> looks like <b>{safe(other)}</b>: {score:.3f}, "
        f"own {own:.3f}</figcaption></figure>"
        for person, other, score, own, probe, picture in done.confused
    )
    none = _paragraph("No probe is taken for another.")
    return _section("Most confused pairs", f"<div class=row>{cards}</div>" if cards else none)


def _suspects(done: EvaluateDone, crop: Crops) -> str:
    cards = "".join(
        f"<figure class=card>{_image(crop, picture, person)}<figcaption><b>{safe(person)}</b>, "
        f"{safe(KINDS.get(kind, kind))}: {safe(sentence)}<br>"
        f"<code>{safe('/'.join(Path(picture).parts[-3:]))}</code></figcaption></figure>"
        for person, picture, kind, sentence in done.suspects
    )
    text = f"<div class=row>{cards}</div>" if cards else _paragraph("None.")
    return _section("Pictures to look at", text)


def _image(crop: Crops, path: str, name: str) -> str:
    """The face as an image in the page itself; a box with words where it is gone by now."""
    face = crop(Path(path)) if path else None
    if face is None:
        return "<span class=gone>no picture</span>"
    data = base64.b64encode(encode_png(face)).decode("ascii")
    return f'<img width=112 height=112 alt="{safe(name)}" src="data:image/png;base64,{data}">'


def _paragraph(text: str) -> str:
    return f"<p>{safe(text)}</p>"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{safe(title)}</h2>{body}</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    """A table of cells that are HTML already; columns `numbers` align right."""

    def line(tag: str, cells: Sequence[str]) -> str:
        kinds = (" class=number" if i in numbers else "" for i in range(len(cells)))
        return "".join(f"<{tag}{k}>{c}</{tag}>" for k, c in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    top = line("th", [_text(text) for text in head])
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"


def _bounds(bounds: Sequence[float] | None) -> str:
    if not bounds:
        return "-"
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def _glossary() -> str:
    terms = (
        ("Probe", "A picture that is searched in the gallery of enrolled people."),
        ("Rank-1", "Share of probes whose best person is the right one, whatever the score."),
        ("TPIR, FNIR", "Share of probes of enrolled people that are named rightly, and the rest."),
        ("FPIR", "Share of strangers' searches that name somebody."),
        (
            "95 % bounds",
            (
                "The true share is at least the one and at most the other, each 95 % sure and "
                "one-sided, if the trials are independent (Clopper and Pearson, 1934). For the "
                "FPIR each stranger is one trial; for the others each probe, so that near copies "
                "make it look surer than it is."
            ),
        ),
    )
    body = "".join(f"<dt>{_text(term)}</dt><dd>{_text(meaning)}</dd>" for term, meaning in terms)
    return f"<dl>{body}</dl>"


def _text(text: str) -> str:
    return html.escape(text, quote=False)


_STYLE = (
    ":root{color-scheme:light dark;--ink:#1d2129;--dim:#667085;--paper:#fff;--edge:#d5d9e0;"
    "--own:#1a7f4b;--other:#b45309;--stranger:#6d4fc4;--accent:#1f5fbf;--warn:#9a5b00}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e7ec;--dim:#98a2b3;--paper:#14171c;"
    "--edge:#353b45;--own:#4cc38a;--other:#f0a35e;--stranger:#a792f0;--accent:#7ab0ff;"
    "--warn:#f2b95c}}"
    "body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}"
    "main{max-width:68rem;margin:0 auto;padding:1.5rem}h1{font-size:1.4rem}h2{font-size:1.1rem;"
    "margin-top:2rem;border-bottom:1px solid var(--edge)}.lead{font-size:1.1rem}"
    ".warnings{color:var(--warn)}table{border-collapse:collapse;margin:.5rem 0}"
    "th,td{padding:.2rem .9rem .2rem 0;text-align:left;border-bottom:1px solid var(--edge)}"
    ".number{text-align:right;font-variant-numeric:tabular-nums}"
    ".row{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;max-width:30rem}"
    ".card{width:15rem}.card img,.gone{border-radius:4px;margin-right:4px}"
    ".gone{display:inline-block;width:112px;height:112px;border:1px solid var(--edge);"
    "color:var(--dim)}figcaption{color:var(--dim);font-size:.9rem;overflow-wrap:anywhere}"
    "figcaption b{color:var(--ink)}b.own{color:var(--own)}b.other{color:var(--other)}"
    "b.stranger{color:var(--stranger)}.wide{overflow-x:auto}dt{font-weight:600}"
    "svg{max-width:100%;height:auto;font:11px system-ui,sans-serif}.wide svg{max-width:none}"
    "svg text{fill:var(--dim)}.grid{stroke:var(--edge);stroke-width:.5}.axis{stroke:var(--dim)}"
    ".line{fill:none;stroke:var(--accent);stroke-width:2}circle.dial{fill:var(--other)}"
    "line.dial{stroke:var(--ink)}"
    "path.own{fill:var(--own)}path.other{fill:var(--other)}path.stranger{fill:var(--stranger)}"
    ".cell{fill:var(--dim)}.cell.right{fill:var(--own)}.cell.wrong{fill:#c0392b}"
    "svg text.count{fill:var(--ink)}svg text.strong{fill:var(--paper)}"
)


FEW_PROBES = 100
"""Probes below which the bounds lie ten points apart and more."""

KINDS: Mapping[str, str] = {"crowd": "of several people", "two_faces": "two faces"}
"""What is suspected of a picture (a `Suspect`'s kind), where that is no word itself."""


def summary(figures: Figures) -> str:
    """What was measured in a few sentences."""
    named = round(figures.tpir_at_threshold * figures.probes)
    text = f"{named} of {figures.probes} pictures of enrolled people are named rightly."
    if not figures.strangers:
        return f"{text} How many strangers are named was not measured."
    seen = figures.intervals["fpir_at_threshold"]
    text = f"{text} {proof(figures.named_people, figures.stranger_people, seen)}"
    if figures.own_people:
        text += f" Of your own strangers {figures.own_named} of {figures.own_people} are named."
    return text


def proof(named: int, people: int, seen: Bounds) -> str:
    """What `named` of so many strangers prove; `seen` are the bounds of the FPIR."""
    bound = percent(seen[1], up=True)
    return f"{named} of {many(people, 'stranger')} named, so at most {bound} of all would be."


def too_few(figures: Figures, source: StrangersFrom, fpir: float) -> tuple[Warned, ...]:
    """Warnings where the data cannot show what is asked."""
    told = []
    if figures.probes < FEW_PROBES:
        low, high = figures.intervals["rank1"]
        told.append(Warned("few_probes", "", (figures.probes, percent(low), percent(high))))
    if source == "none":
        return (*told, Warned("no_strangers"))
    if source == "left_out":
        told.append(Warned("stand_ins"))
    if source == "own_and_left_out":
        told.append(Warned("own_and_stand_ins"))
    if f"{fpir:g}" not in figures.tpir:
        told.append(Warned("few_searches", "", (figures.strangers, percent(fpir), round(1 / fpir))))
    if at_most(0, figures.stranger_people) > fpir:
        wanted = strangers_needed(fpir), percent(fpir), figures.stranger_people
        told.append(Warned("few_strangers", "", wanted))
    return tuple(told)


def leakage_sentence(leakage: Mapping[str, float]) -> str:
    """What the leakage meter says; empty if it was not read."""
    if not leakage:
        return ""
    held, mixed = leakage["rank1"], leakage["random_rank1"]
    tpir, mixed_tpir = leakage["tpir"], leakage["random_tpir"]
    text = (
        f"Held-out split in use: rank-1 {held:.2f}, TPIR {tpir:.2f}; random split of "
        f"the same pictures: {mixed:.2f}, {mixed_tpir:.2f}"
    )
    if mixed > held or mixed_tpir > tpir:
        return f"{text}. The difference is leakage: near copies on both sides of a random split."
    return f"{text}. No leakage is seen."
