"""OpenVINO's runtime without its conversion tools, which would load code that counts usage.

`import openvino` also tries `openvino.tools.ovc`, the converter of foreign models, and that loads
`openvino_telemetry`: it sends events to Google Analytics and keeps an identity in the home
folder. Facedesk builds its graph itself and needs neither, so both are kept from being imported.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

UNWANTED = ("openvino.tools.ovc", "openvino_telemetry")

_lock = threading.Lock()


def openvino() -> Any:
    """The module `openvino`. Raises ImportError where it, or a library it needs, is not there."""
    with _lock:
        # None in sys.modules makes an import fail, and OpenVINO goes on without these two.
        barred = [name for name in UNWANTED if name not in sys.modules]
        sys.modules.update(dict.fromkeys(barred))  # type: ignore[arg-type]
        try:
            import openvino as module
        finally:
            for name in barred:
                del sys.modules[name]
    return module
