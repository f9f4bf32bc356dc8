"""The camera process as it is, beside the tests' model process."""

from __future__ import annotations

from engine.desk.camera_process import body
from engine.desk.child_main import serve

if __name__ == "__main__":
    serve("camera", body, early=True)
