"""Settings: bounds, order of sources, and mistakes that are told clearly."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from engine.config import checked_settings, load_settings
from engine.contract.errors import ConfigError
from engine.settings import Settings, TrainingSettings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("FACEDESK_CONFIG", str(path))
    return path


def test_defaults_hold_without_any_source() -> None:
    settings = load_settings()
    assert settings.enrolment.count == 100
    assert (settings.split.train, settings.split.validation, settings.split.test) == (
        0.70,
        0.15,
        0.15,
    )
    assert settings.recognition.fpir == 0.01


def test_flags_win_over_environment_over_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("[gates]\nmin_face = 70\nmin_sharpness = 1\nmin_change = 7\n")
    monkeypatch.setenv("FACEDESK_GATES__MIN_FACE", "90")
    monkeypatch.setenv("FACEDESK_GATES__MIN_SHARPNESS", "2")
    gates = load_settings(gates={"min_sharpness": 3}).gates
    assert (gates.min_face, gates.min_sharpness, gates.min_change) == (90, 3, 7)


def test_files_and_recordings_of_before_name_the_section_of_unknown_people_otherwise(
    file: Path,
) -> None:
    file.write_text("[inbox]\ndays = 3\n")
    assert load_settings().unknown.days == 3
    assert checked_settings({"inbox": {"days": 4}}).unknown.days == 4


def test_other_variables_of_facedesk_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDESK_WORKSPACE", "/somewhere")
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "field"),
    [
        ("FACEDESK_GATES__MIN_FACE", "9", "gates.min_face"),
        ("FACEDESK_GATES__MIN_FACE", "wide", "gates.min_face"),
        ("FACEDESK_ENROLMENT__COUNT", "0", "enrolment.count"),
        ("FACEDESK_RECOGNITION__FPIR", "1", "recognition.fpir"),
        ("FACEDESK_RECOGNITION__FPIR", "nan", "recognition.fpir"),
        ("FACEDESK_TRAINING__LEARNING_RATE", "-1", "training.learning_rate"),
        ("FACEDESK_CAMERA__OPEN_TIMEOUT", "inf", "camera.open_timeout"),
        ("FACEDESK_SPLIT__SEED", "-1", "split.seed"),
    ],
)
def test_a_value_out_of_bounds_names_the_field(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert field in caught.value.message
    assert value in caught.value.message


def test_a_misspelt_setting_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDESK_GATES__MIN_FCAE", "90")
    with pytest.raises(ConfigError, match=r"gates\.min_fcae") as caught:
        load_settings()
    assert "min_face" in caught.value.hint


def test_a_misspelt_section_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDESK_GATE__MIN_FACE", "90")
    with pytest.raises(ConfigError, match="FACEDESK_GATE__MIN_FACE"):
        load_settings()


@pytest.mark.parametrize(
    ("content", "named"),
    [("[gate]\nmin_face = 90\n", "gate"), ("[gates]\nmin_fcae = 90\n", "gates.min_fcae")],
)
def test_an_unknown_name_in_the_file_is_refused(file: Path, content: str, named: str) -> None:
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert caught.value.message == named
    assert str(file) in caught.value.hint


@pytest.mark.parametrize("content", [b"[gates", b"\xff\xfe", b"gates = 3\n"])
def test_a_broken_file_is_a_configuration_error(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        load_settings()


def test_a_section_that_is_no_section_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FACEDESK_GATES", "not json")
    with pytest.raises(ConfigError, match="gates"):
        load_settings()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"split": {"train": 0.9}}, "sum to 1.2"),
        ({"split": {"train": 0.5, "validation": 0.2, "test": 0.2}}, "sum to 0.9"),
        ({"gates": {"min_brightness": 215}}, "min_brightness"),
        ({"recognition": {"least": 8}}, "must not exceed window"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(
    overrides: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        load_settings(**overrides)


@pytest.mark.parametrize(
    "shares", [(1.0, 0.0, 0.0), (0.7, 0.3, 0.0), (0.34, 0.33, 0.33), (0.1, 0.2, 0.7)]
)
def test_shares_that_sum_to_one_are_accepted(shares: tuple[float, float, float]) -> None:
    train, validation, test = shares
    split = load_settings(split={"train": train, "validation": validation, "test": test}).split
    assert (split.train, split.validation, split.test) == shares


@pytest.mark.parametrize(("epochs", "expected"), [(30, 5), (6, 5), (5, 4), (3, 2), (2, 1), (1, 1)])
def test_patience_is_kept_below_the_number_of_epochs(epochs: int, expected: int) -> None:
    assert TrainingSettings(patience=5).patience_for(epochs) == expected


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        load_settings().split.train = 0.5  # type: ignore[misc]
