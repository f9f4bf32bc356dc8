from __future__ import annotations

from importlib import metadata

import pytest

from engine.model import record
from engine.model.record import versions


def test_versions_are_those_installed() -> None:
    found = versions()
    assert found["keras"] == metadata.version("keras")
    assert set(found) == {"facedesk", "tensorflow", "keras", "openvino", "opencv", "numpy"}


def test_a_package_that_is_not_installed_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "PACKAGES", {"other": "no-such-package-at-all"})
    assert versions() == {"other": "unknown"}
