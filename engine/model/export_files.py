"""What lies beside an exported Keras network: its facts as JSON, and a script that uses both.

Importing this needs neither numpy nor TensorFlow.
"""

from __future__ import annotations

from typing import Any

from engine.model.provenance import PREPROCESSING, versions
from engine.model.record import StoredModel, plain

FORMATS = (".keras", ".h5")
METADATA = "facedesk"
"""What the facts are called inside the file: a member of the `.keras` archive, an attribute of the
`.h5` file."""
SCRIPT = "name_picture.py"

_SCRIPT = '''\
"""Name the face in an aligned crop (160x160 RGB) with plain Keras: name_picture.py PICTURE"""
import json, sys
from pathlib import Path
import keras, numpy as np
file = Path(__file__).with_name({file!r})
facts = json.loads(file.with_suffix(".json").read_text("utf-8"))
model = keras.saving.load_model(file, compile=False)
crop = keras.utils.load_img(sys.argv[1], target_size=facts["input"][:2])
values = np.asarray(model(np.asarray(crop, "float32")[None], training=False))[0]
best = int(values.argmax())
known = facts["threshold"] is None or values[best] >= facts["threshold"]
print(facts["names"][best] if known else "unknown", f"{{values[best]:.3f}}")
'''


def facts_of(model: StoredModel) -> dict[str, Any]:
    """What a program needs to use the exported network of `model`, as JSON.

    `names` are in the order of the network's outputs; each person's own threshold is in the
    scores, as in recognition, so that one `threshold` holds for all. Recipe `classic` has none: its
    probabilities say nothing about strangers.
    """
    info = model.info
    scores = info.recipe != "classic"
    threshold = info.threshold if scores else None
    facts: dict[str, Any] = {
        "format": 1,
        "model": info.id,
        "created": info.created,
        "recipe": info.recipe,
        "backbone": info.details.get("backbone", "vgg16"),
        "names": [name for _id, name, _revision in model.labels],
        "input": [160, 160, 3],
        "preprocessing": PREPROCESSING,
        "output": "scores" if scores else "probabilities",
        "threshold": threshold,
        "note": (
            "A face whose best score is below the threshold is nobody of these."
            if scores
            else "A softmax is as sure of strangers: it always names somebody of these."
        ),
        "versions": dict(versions()),
    }
    return dict(plain(facts))


def script_for(file: str) -> str:
    """The script that names a picture with the exported network `file` in its own folder."""
    return _SCRIPT.format(file=file)
