"""What the doctor looks at: a row a check. No check opens a camera or loads OpenCV or TensorFlow.

The terminal's checks are in `tui.terminal.graphics`, as only the process that owns it can look.
"""

from __future__ import annotations

from engine.contract import Check, Finding
from engine.doctor import Place, cameras, files, machine
from engine.settings import Settings
from engine.workspace.folder import Workspace

CHECKS: tuple[Check[Place], ...] = (
    Check("camera", "camera", "devices, access, formats, exposure, who uses them", cameras.look),
    Check("files", "cascades", "OpenCV's cascades against the tested digests", files.cascades),
    Check("files", "weights", "weights and face spaces against their digests", files.weights),
    Check("files", "model", "the model in use: whole, of how many people", files.model),
    Check("processor", "vector unit", "AVX, bfloat16", machine.vector_unit),
    Check("processor", "runtime", "OpenVINO or Keras, and why", machine.runtime),
    Check("processor", "networks", "which networks judge, and why", machine.networks),
    Check("processor", "cores", "cores that may be used", machine.cores),
    Check("processor", "memory", "free memory, enough to train", machine.memory),
    Check("processor", "GPU", "graphics cards, and what they would need", machine.graphics),
    Check("software", "python", "Facedesk and Python", machine.interpreter),
    Check("software", "packages", "the packages that are needed", machine.packages),
    Check("software", "detector", "BlazeFace or the Haar cascade", machine.detector),
    Check("software", "display", "whether `--window` can open", machine.display),
    Check("storage", "disk", "free space, in sessions", files.disk),
    Check("storage", "workspace", "may it be written, and by whom read", files.workspace),
    Check("storage", "sharing", "other users and computers with a hand in it", files.sharing),
    Check("storage", "unread", "people, strangers, audit log that cannot be read", files.unread),
    Check("storage", "encryption", "none, locked, unlocked, half converted", files.encryption),
    Check("storage", "lock", "who writes", files.lock),
    Check("storage", "configuration", "the configuration file in use", files.configuration),
    Check("storage", "keys", "the file of your own keys", files.keys),
)


def survey(workspace: Workspace, settings: Settings) -> tuple[Finding, ...]:
    """All findings but the terminal's and measurements."""
    place = Place(workspace, settings)
    return tuple(finding for check in CHECKS for finding in check.findings(place))
