"""A real desk: what a camera really does is measured in the desk's camera process."""

from __future__ import annotations

from tests.desk.conftest import desk

__all__ = ["desk"]
