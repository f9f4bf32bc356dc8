"""The model process, but it does not load TensorFlow because a capture runs, only for a training.

Most desks of the tests capture some pictures and train nothing; loading TensorFlow takes more
processor time than all else that they do.
"""

from __future__ import annotations

from engine.desk import model_process
from engine.desk.child_main import serve


def nothing() -> None:
    """In place of loading ahead."""


if __name__ == "__main__":
    model_process.load_ahead = nothing
    serve("model", model_process.body)
