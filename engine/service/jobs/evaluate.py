"""Evaluate a model: gather probes and strangers, measure, report."""

from __future__ import annotations

from engine.cancel import Cancel
from engine.config import Settings
from engine.events import Emit, EvaluateDone
from engine.service.protocol import EvaluateRequest
from engine.workspace import Workspace


def evaluate(
    workspace: Workspace,
    settings: Settings,
    request: EvaluateRequest,
    cancel: Cancel,
    emit: Emit,
) -> EvaluateDone:
    """Measure and return the figures after emitting them."""
    raise NotImplementedError
