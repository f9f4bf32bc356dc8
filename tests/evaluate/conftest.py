"""A made-up face space, as the recognition tests have it."""

from __future__ import annotations

from tests.recognise.conftest import painter, space

__all__ = ["painter", "space"]
