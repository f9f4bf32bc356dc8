"""All groups together, without opening a camera and without loading OpenCV or TensorFlow."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import FacedeskError
from engine.events import Finding
from engine.events.checkup import Group
from engine.service.checkup.cameras import camera_findings
from engine.service.checkup.files import file_findings
from engine.service.checkup.processor import processor_findings
from engine.service.checkup.software import software_findings
from engine.service.checkup.storage import storage_findings
from engine.settings import Settings
from engine.workspace import Workspace


def _processor(settings: Settings) -> list[Finding]:
    model = settings.model
    return processor_findings(model.runtime, backbone=model.backbone)


def survey(workspace: Workspace, settings: Settings) -> tuple[Finding, ...]:
    """Everything but the terminal, which only its own process knows, and measurements.

    Nothing here raises: a group that cannot be looked at is a finding.
    """
    groups: tuple[tuple[Group, Callable[[], list[Finding]]], ...] = (
        ("camera", lambda: camera_findings(settings.camera)),
        ("files", lambda: file_findings(workspace)),
        ("processor", lambda: _processor(settings)),
        ("software", lambda: software_findings(settings.detection)),
        ("storage", lambda: storage_findings(workspace, settings)),
    )
    found: list[Finding] = []
    for group, look in groups:
        try:
            found += look()
        except (FacedeskError, OSError) as error:
            hint = getattr(error, "hint", "") or f"Look into it: {type(error).__name__}."
            found.append(
                Finding(group=group, subject=group, state="trouble", value=str(error), remedy=hint)
            )
    return tuple(found)
