"""What is fuzzed: a name to a function of bytes that may raise the documented typed errors only.

A target also raises AssertionError where it got through with something that it must not, such as a
changed model, a credential in a masked URL or an escape sequence in shown text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.contract.errors import FacedeskError
from engine.desk.wire import WireError
from tests.fuzz import folder_targets, picture_targets, seeds, text_targets
from tests.fuzz.mutate import Seed

TYPED = (FacedeskError, WireError)
"""Errors by which an input counts as refused; any other is a crash."""


@dataclass(frozen=True, slots=True)
class Target:
    """`share` is how many of the inputs of a run it gets, relative to others."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[Seed]]
    share: int = 10


def _of_format(kind: str) -> Target:
    return Target(
        f"picture {kind}",
        picture_targets.photograph,
        lambda: seeds.picture_seeds(kind),
        12,
    )


_files = folder_targets.seeds_of

_ALL = (
    *map(_of_format, ("PNG", "JPEG", "MPO", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF")),
    Target("crop", picture_targets.crop, seeds.crop_seeds),
    Target("clip", picture_targets.clip, seeds.clip_seeds, 2),
    Target("recording", picture_targets.recording, seeds.recording_seeds, 14),
    Target("importer", picture_targets.importer, lambda: seeds.texts("\3ab\5cde", "x"), 2),
    Target("npz arrays", folder_targets.npz, seeds.npz_seeds, 10),
    Target("feature rows", folder_targets.rows, seeds.row_seeds),
    Target("face space", folder_targets.space, seeds.space_seeds, 6),
    Target("compiled network", folder_targets.compiled, lambda: (Seed(b"\7" * 64),), 2),
    Target("model", folder_targets.model, _files(folder_targets.model_files), 5),
    Target("signed model", folder_targets.signed_model, _files(folder_targets.model_files), 6),
    Target("people", folder_targets.people, _files(folder_targets.people_files), 5),
    Target("split", folder_targets.split, _files(lambda: ("split.json",)), 8),
    Target("trash", folder_targets.trash, _files(lambda: ("manifest.json",)), 6),
    Target("unknown", folder_targets.unknown, _files(folder_targets.unknown_files), 4),
    Target("evaluation", folder_targets.evaluation, _files(folder_targets.evaluation_files), 8),
    Target("roster file", folder_targets.roster_file, _files(lambda: ("roster.json",)), 5),
    Target("roster CSV", text_targets.roster_csv, lambda: seeds.texts(seeds.ROSTER), 8),
    Target("remembered view", text_targets.memory, lambda: (Seed(b'{"theme": "x"}', "json"),), 3),
    Target("configuration", text_targets.configuration, lambda: seeds.texts(seeds.CONFIG), 8),
    Target("environment", text_targets.environment, lambda: seeds.texts(seeds.ENVIRONMENT), 5),
    Target("key file", text_targets.keys, lambda: seeds.texts(seeds.KEYS), 5),
    Target("source", text_targets.source, lambda: seeds.texts(*text_targets.SOURCES), 15),
    Target("wire", text_targets.wire, seeds.wire_seeds, 15),
    Target("name", text_targets.name, lambda: seeds.texts("Ada Lovelace", "José 李明", "x"), 15),
    Target("shown text", text_targets.shown, lambda: seeds.texts("Ada", "a\x1b[31mb", "=1+1"), 8),
)

TARGETS = {target.name: target for target in _ALL}
