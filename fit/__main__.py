"""`python -m fit`: fit, validate and report."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contract.errors import FacedeskError
from engine.model.backbones import BACKBONES, BOTH, DEFAULT, packaged_space
from engine.model.face_space import FaceSpace, JointSpace
from engine.model.resnet import ROW as FACE_ROW
from engine.model.vgg16 import ROW as VGG16_ROW
from engine.settings import BackboneName, TrainingSettings
from fit.space_file import save
from fit.spaces import FitOptions, Opinion, fit_joint, fit_space, held_out_folds, joint_folds

if TYPE_CHECKING:
    from fit.people_features import Copies, PeopleFeatures  # pull in OpenCV

LEAST = 2
"""Pictures a background person needs: one says nothing about spread within a person."""
FEATURES: dict[BackboneName, str] = {
    "both": "The embeddings of both networks side by side, {shares}. ",
    "vgg16": "Features of the crop, blocks 4 and 3; mean, signed square root, PCA, "
    "regularised LDA. ",
    "resnet": "Rows of the face network; mean, PCA, regularised LDA. ",
}
PROTOCOL = (
    "Impostor curve: five folds of people, each scored by the fit on the others. Options chosen "
    "by cross-validation over background people only."
)
OPTIONS: dict[BackboneName, FitOptions] = {
    row.name: FitOptions(**row.fit) for row in BACKBONES.values() if not row.members
}
SHARE = 1 / 3
"""VGG16's share of a joint cosine: the face network's score counts twice as much. Of the shares
from 0.1 to 0.5 those from a third on gave the same TPIR at an FPIR of 1 %; the least of them was
taken, for VGG16 is who sees the wall behind a face."""
OF_BACKBONE = ("rooted", "parts")
"""Options that the backbone decides."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; return the exit code."""
    given = _parser().parse_args(arguments)
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {line}", file=sys.stderr, flush=True)

    try:
        given.run(given, say)
    except FacedeskError as error:
        print(error, error.hint, sep="\n", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped; the same command goes on where this one ended.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    fit = commands.add_parser("fit", help="fit a space on a folder with one sub-folder a person")
    fit.add_argument("folder", type=Path, metavar="FOLDER")
    fit.add_argument("--out", type=Path, required=True, metavar="FILE")
    fit.set_defaults(run=_fit)

    validate = commands.add_parser("validate", help="cross-validate options over people")
    validate.add_argument("folder", type=Path, metavar="FOLDER")
    validate.set_defaults(run=_validate)

    report = commands.add_parser("report", help="figures on LFW_FOLDER/known and /strangers")
    report.add_argument("folder", type=Path, metavar="LFW_FOLDER")
    report.add_argument("--space", type=Path, metavar="FILE", help="default: the packaged one")
    report.add_argument("--people", type=int, nargs="+", default=[20, 31], metavar="N")
    report.set_defaults(run=_report)

    for command in (fit, validate, report):
        command.add_argument("--backbone", choices=tuple(BACKBONES), default=DEFAULT)
        command.add_argument(
            "--work",
            type=Path,
            metavar="DIR",
            help="where features are kept so that a rerun resumes (default: beside FILE, "
            "else .face-space-work)",
        )
    for command in (fit, validate):
        command.add_argument("--share", type=float, help="VGG16's, with backbone both")
        for option in fields(FitOptions):
            if option.name not in OF_BACKBONE:
                command.add_argument(f"--{option.name}", type=type(option.default))
    return parser


def _options(given: argparse.Namespace) -> FitOptions:
    chosen = {option.name: getattr(given, option.name, None) for option in fields(FitOptions)}
    return replace(
        OPTIONS[given.backbone], **{name: v for name, v in chosen.items() if v is not None}
    )


def _read(
    given: argparse.Namespace,
    folder: Path,
    least: int,
    say: Any,
    copies: Copies | None = None,
    most: int | None = None,
) -> tuple[PeopleFeatures, str]:
    """Features of a folder's people, and the digest of what made them."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Imported here: `--help` and a mistyped option should not wait for TensorFlow.
    from fit.people_features import PeopleReader, load_extractor

    out: Path | None = getattr(given, "out", None)
    beside = out.with_name(out.name + ".work") if out else Path(".face-space-work")
    extractor = load_extractor(given.backbone)
    reader = PeopleReader(given.work or beside, extractor, copies=copies)
    return reader.read(folder, least, most, report=say), extractor.digest


def _opinions(share: float | None = None) -> tuple[Opinion, Opinion]:
    """Both networks in the order of their features in a row."""
    own = SHARE if share is None else share
    return (
        Opinion("vgg16", VGG16_ROW, OPTIONS["vgg16"], own),
        Opinion("resnet", FACE_ROW, OPTIONS["resnet"], 1 - own),
    )


def _fit(given: argparse.Namespace, say: Any) -> None:
    people, digest = _read(given, given.folder, LEAST, say)
    say(f"{len(people.people)} pictures of {len(people.names)} people")
    provenance = {
        "data": given.folder.resolve().name,
        "pictures_without_a_face": len(people.missed),
        "extractor": digest,
        "protocol": FEATURES[given.backbone] + PROTOCOL,
    }
    space: FaceSpace | JointSpace
    if given.backbone == "both":
        opinions = _opinions(given.share)
        shares = ", ".join(f"{each.name} {each.share:.3f}" for each in opinions)
        provenance["protocol"] = FEATURES["both"].format(shares=shares) + PROTOCOL
        spaces = [
            FaceSpace.load(given.out.with_name(BACKBONES[name].space)) for name in BOTH.members
        ]
        space = fit_joint(people.features, people.people, opinions, spaces, provenance, say)
    else:
        space = fit_space(people.features, people.people, _options(given), provenance, say)
    saved = save(space, given.out)
    say(f"{given.out}: {given.out.stat().st_size:,} bytes, SHA-256 {saved}")


def _validate(given: argparse.Namespace, say: Any) -> None:
    from fit.report import cross_validate

    people, _ = _read(given, given.folder, LEAST, say)
    if given.backbone == "both":
        opinions = _opinions(given.share)
        chosen: dict[str, Any] = {each.name: each.share for each in opinions}
        folds = joint_folds(people.features, people.people, opinions, say)
        many, seed = opinions[0].options.many, opinions[0].options.seed
    else:
        options = _options(given)
        chosen = asdict(options)
        folds = held_out_folds(people.features, people.people, options, say)
        many, seed = options.many, options.seed
    figures = cross_validate(folds, many, seed)
    print(json.dumps({**chosen, **{k: round(v, 4) for k, v in figures.items()}}))


def _report(given: argparse.Namespace, say: Any) -> None:
    from fit.people_features import Copies, trained_views
    from fit.report import ENROL, identification

    space = FaceSpace.load(given.space) if given.space else packaged_space(given.backbone)
    views = Copies("views", TrainingSettings().views, trained_views)
    enrolled, _ = _read(given, given.folder / "known", 1, say, views, ENROL)
    known, _ = _read(given, given.folder / "known", 1, say)
    strangers, _ = _read(given, given.folder / "strangers", 1, say)
    for people in given.people:
        print(identification(space, enrolled, known, strangers, people).line(), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
