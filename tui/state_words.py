"""The engine's names of states as words. A name that is not here is shown as it stands."""

from __future__ import annotations

DECISIONS = {"known": "known", "unknown": "unknown", "unsure": "unsure"}
"""What a face was decided to be; names of people stand beside them in the engine's counts."""
IN_MODEL = {"yes": "yes", "no": "no", "stale": "stale"}
"""Whether the model knows a person, and these very pictures."""
SPLIT_MODES = {
    "sessions": "sessions",
    "blocks": "blocks",
    "mixed": "mixed",
    "random": "random",
    "own": "the folders it was imported from",
}
"""What a split keeps apart."""
SUSPECTS = {
    "mislabelled": "mislabelled",
    "blurred": "blurred",
    "twin": "twin",
    "crowd": "of several people",
    "two_faces": "two faces",
}
"""What may be wrong with a picture."""
