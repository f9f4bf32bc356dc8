"""An evaluation as one HTML file that stands alone: no script, no link, no other file.

It holds face pictures, so that it is written for its owner's eyes only (mode 0600).
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.evaluate.plots_svg import Scores, confusion_plot, det_plot, histogram_plot
from engine.evaluate.words import WHOSE, leakage_sentence, share
from engine.events import EvaluateDone
from engine.pictures import encode_png
from engine.workspace import write_bytes

REPORT = "evaluation.html"
"""Name of the file in the report's folder."""

Crops = Callable[[Path], NDArray[np.uint8] | None]
"""The face (uint8 RGB 160x160x3) in the picture at a path, or None."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Scores for the histogram: probes for their own person and for the best other one
    (`own`, `other`), and strangers for their candidate (`stranger`), (n,) each.
    """

    own: Scores
    other: Scores
    stranger: Scores


def write_report(path: Path, done: EvaluateDone, samples: Samples, crop: Crops) -> None:
    """Write the report to `path`, atomically. Raises DiskFull, WorkspaceUnusable."""
    write_bytes(path, render(done, samples, crop).encode())


def render(done: EvaluateDone, samples: Samples, crop: Crops) -> str:
    """The whole page."""
    title = f"Evaluation of {done.model}"
    sections = (
        _figures(done),
        _plots(done, samples),
        _people(done),
        _section("Confusion matrix", _scrolling(confusion_plot(done.people, done.confusion))),
        _confused(done, crop),
        _suspects(done, crop),
        _section("Leakage", f"<p>{_e(leakage_sentence(done.leakage) or 'Not measured.')}</p>"),
        _section("What the words mean", _GLOSSARY),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Nothing may be fetched, whatever a name might smuggle in.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{_e(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{_e(title)}</h1><p>Recipe {_e(done.recipe)}, {len(done.people)} people, threshold "
        f"{done.threshold:.3f}.</p><p class=lead>{_e(done.sentence)}</p>{_warnings(done)}"
        f"{''.join(sections)}</main></body></html>\n"
    )


def _warnings(done: EvaluateDone) -> str:
    items = "".join(f"<li>{_e(text)}</li>" for text in done.warnings)
    return f"<ul class=warnings>{items}</ul>" if items else ""


def _figures(done: EvaluateDone) -> str:
    rows = [
        ("Rank-1", done.rank1, "rank1"),
        ("TPIR at the threshold", done.tpir_at_threshold, "tpir_at_threshold"),
        ("FPIR at the threshold", done.fpir_at_threshold, "fpir_at_threshold"),
        *(
            (f"TPIR at an FPIR of {share(float(fpir))}", value, f"tpir@{fpir}")
            for fpir, value in done.tpir.items()
        ),
    ]
    body = [
        (_e(name), _number(value), _interval(done.intervals.get(key))) for name, value, key in rows
    ]
    whose = WHOSE[done.strangers_from]
    text = (
        f"<p>{done.probes} probes, {done.missed} of them without a face. {done.strangers} "
        f"searches by {done.stranger_people} strangers: {_e(whose)}.</p>"
    )
    table = _table(("Figure", "Value", "95 % interval"), body, numbers=(1, 2))
    return _section("Figures", text + table)


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
    classes = {"own": samples.own, "other": samples.other, "stranger": samples.stranger}
    if any(len(scores) for scores in classes.values()):
        figures.append(
            (
                histogram_plot(classes, done.threshold),
                'Scores of probes for <b class="own">their own person</b>, for the <b '
                'class="other">best other one</b>, and of <b class="stranger">strangers</b>; the '
                "line is the threshold.",
            )
        )
    shown = "".join(f"<figure>{p}<figcaption>{c}</figcaption></figure>" for p, c in figures)
    return _section("Curves", f"<div class=row>{shown}</div>") if shown else ""


def _people(done: EvaluateDone) -> str:
    parts = []
    for heading, counted in (("Person", done.per_person), ("Session", done.per_session)):
        rows = [
            (
                _e(name),
                str(probes),
                _number(right / probes if probes else math.nan),
                _number(named / probes if probes else math.nan),
            )
            for name, (probes, right, named) in counted.items()
        ]
        table = _table((heading, "Probes", "Rank-1", "Named rightly"), rows, numbers=(1, 2, 3))
        if heading == "Session":
            table = f"<details><summary>By session</summary>{table}</details>"
        parts.append(table)
    return _section("People", "".join(parts))


def _confused(done: EvaluateDone, crop: Crops) -> str:
    cards = "".join(
        f"<figure class=card>{_image(crop, probe, person)}{_image(crop, picture, other)}"
        f"<figcaption><b>{_e(person)}</b> looks like <b>{_e(other)}</b>: {score:.3f}, own "
        f"{own:.3f}</figcaption></figure>"
        for person, other, score, own, probe, picture in done.confused
    )
    text = f"<div class=row>{cards}</div>" if cards else "<p>No probe is taken for another.</p>"
    return _section("Most confused pairs", text)


def _suspects(done: EvaluateDone, crop: Crops) -> str:
    cards = "".join(
        f"<figure class=card>{_image(crop, picture, person)}<figcaption><b>{_e(person)}</b>, "
        f"{_e(kind)}: {_e(sentence)}<br><code>{_e(_tail(picture))}</code></figcaption></figure>"
        for person, picture, kind, sentence in done.suspects
    )
    text = f"<div class=row>{cards}</div>" if cards else "<p>None.</p>"
    return _section("Pictures to look at", text)


def _image(crop: Crops, path: str, name: str) -> str:
    """The face as an image in the page itself; a box with words where it is gone by now."""
    face = crop(Path(path)) if path else None
    if face is None:
        return "<span class=gone>no picture</span>"
    data = base64.b64encode(encode_png(face)).decode("ascii")
    return f'<img width=112 height=112 alt="{_e(name)}" src="data:image/png;base64,{data}">'


def _tail(path: str) -> str:
    """The last three parts of a path: person, session, file."""
    return "/".join(Path(path).parts[-3:])


def _section(title: str, body: str) -> str:
    return f"<section><h2>{_e(title)}</h2>{body}</section>"


def _scrolling(body: str) -> str:
    return f"<div class=wide>{body}</div>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    """A table of cells that are HTML already; columns `numbers` align right."""

    def line(tag: str, cells: Sequence[str]) -> str:
        kinds = (" class=number" if i in numbers else "" for i in range(len(cells)))
        return "".join(f"<{tag}{k}>{c}</{tag}>" for k, c in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{line('th', head)}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"


def _interval(interval: Sequence[float] | None) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "-"


def _e(text: str) -> str:
    return html.escape(text)


_GLOSSARY = (
    "<dl><dt>Probe</dt><dd>A picture that is searched in the gallery of enrolled people.</dd>"
    "<dt>Rank-1</dt><dd>Share of probes whose best person is the right one, whatever the "
    "score.</dd><dt>TPIR, FNIR</dt><dd>Share of probes of enrolled people that are named rightly, "
    "and the rest.</dd><dt>FPIR</dt><dd>Share of strangers' searches that name anybody.</dd>"
    "<dt>95 % interval</dt><dd>Where the true share lies if the trials are independent (Clopper "
    "and Pearson). For the FPIR each stranger is one trial; for the others each probe, so that "
    "near copies make it look surer than it is.</dd></dl>"
)

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
