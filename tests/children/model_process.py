"""The model process, but a capture does not have it load TensorFlow: a training does.

Most desks of the tests capture some pictures and train nothing.
"""

from __future__ import annotations

import runpy

from engine.jobs import features_ahead


class FeaturesOnly(features_ahead.FeaturesAhead):
    """Gets nothing ready to train."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given[:3])  # type: ignore[arg-type]


if __name__ == "__main__":
    features_ahead.FeaturesAhead = FeaturesOnly  # type: ignore[misc]
    runpy.run_module("engine.desk.model_process", run_name="__main__")
