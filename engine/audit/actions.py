"""What can stand in the audit log: a closed set, so that a reader can know every word of it."""

from __future__ import annotations

from typing import Literal, get_args

Action = Literal[
    "log-begun",
    "log-recovered",
    "clock-set-back",
    "began",
    "cut-short",
    "enrolled",
    "pictures-imported",
    "pictures-deleted",
    "pictures-moved",
    "pictures-realigned",
    "person-renamed",
    "person-merged",
    "person-trashed",
    "person-erased",
    "person-exported",
    "person-imported",
    "change-undone",
    "consent-noted",
    "consent-withdrawn",
    "stranger-removed",
    "inbox-switched",
    "inbox-choice",
    "purged",
    "split-made",
    "trained",
    "promoted",
    "rolled-back",
    "evaluated",
    "recognition-started",
    "recognition-ended",
    "exported",
    "recording-made",
    "settings-changed",
    "vault-created",
    "vault-changed",
    "pseudonymised",
]
"""What was done. Names that programs read: English whatever the language.

`began`: what its detail `of` names is about to be done. The entry of that action with this one's
number as its detail `began` says that it was done; `cut-short` that it did not come to its end.
`clock-set-back`: the entries that follow bear earlier times than those before.
`pseudonymised`: the key behind a subject's pseudonym was destroyed, nobody can link it any more.
`change-undone`: a deletion, merge, move or inbox choice was taken back.
"""

ACTIONS: frozenset[str] = frozenset(get_args(Action))
