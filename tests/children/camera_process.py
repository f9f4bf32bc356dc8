"""The camera process as it is, beside the tests' model process."""

from __future__ import annotations

import runpy

if __name__ == "__main__":
    runpy.run_module("engine.desk.camera_process", run_name="__main__")
