"""Reading the settings: flags over environment over file over defaults, each field bounded.

Environment: `FACEDESK_GATES__MIN_FACE=90`. File: TOML at `$FACEDESK_CONFIG`, else
`config.toml` in the user's configuration folder (`facedesk doctor` prints its path).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError, create_model, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError

from engine.contract.errors import ConfigError
from engine.settings import SECTIONS, Settings

PREFIX = "FACEDESK_"
"""In front of every environment variable of ours."""
KINDS: dict[str, Any] = get_type_hints(Settings)
"""The class of each section."""
FORMER = {"inbox": "unknown"}
"""Sections as files and recordings of before name them."""


class _Sources(BaseSettings):
    """Where settings come from."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, given: dict[str, Any]) -> dict[str, Any]:
        return _renamed(given)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over file; no dotenv, no secrets folder."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, env_settings, file


def config_file() -> Path:
    """Where the configuration file is looked for; it need not exist."""
    named = os.environ.get("FACEDESK_CONFIG")
    return Path(named) if named else platformdirs.user_config_path("facedesk") / "config.toml"


def keys_file() -> Path:
    """Where the file of the operator's own keys is looked for; it need not exist."""
    named = os.environ.get("FACEDESK_KEYS")
    return Path(named) if named else config_file().with_name("keys.toml")


def load_settings(**overrides: Any) -> Settings:
    """Settings from overrides, environment and file. Raises ConfigError naming the field."""
    path = config_file()
    cure = f"Correct it in the environment or in {path}."
    _refuse_unknown_sections()
    # A folder or a pipe would be passed over, and with it the operator's rules on consent.
    if os.path.lexists(path) and not path.is_file():
        raise _unreadable(path, "it is no file")
    try:
        return Settings.of_json(_sources()(**overrides).model_dump())
    except ValidationError as error:
        raise _first_mistake(error, cure) from error
    except SettingsError as error:
        raise ConfigError("A setting cannot be read", str(error), cure) from error
    # ValueError: not TOML, not UTF-8, a number of thousands of digits.
    except (ValueError, RecursionError, OSError) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        "The configuration file cannot be read", f"{path}: {why}", "Correct or remove it."
    )


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The sections by their present names; the present name goes before the former one."""
    present = {name: value for name, value in given.items() if name not in FORMER}
    return {FORMER[name]: given[name] for name in FORMER if name in given} | present


def checked_settings(given: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Settings from `Settings.as_json` of a file: checked, and with nothing of this machine's.

    Raises ValueError.
    """
    models, given = _models(), _renamed(given)
    unknown = sorted(given.keys() - models.keys())
    if unknown:
        raise ValueError(f"there are no settings {', '.join(unknown)}")
    return Settings.of_json(
        {name: models[name](**given.get(name, {})).model_dump() for name in KINDS}
    )


@cache
def _sources() -> type[_Sources]:
    """The sources with a field for each section."""
    sections: dict[str, Any] = {name: (model, model()) for name, model in _models().items()}
    return create_model("Sources", __base__=_Sources, **sections)


@cache
def _models() -> dict[str, type[BaseModel]]:
    """What checks each section, by name."""
    return {name: _model(kind) for name, kind in KINDS.items()}


def _model(kind: Any) -> type[BaseModel]:
    """What checks a section: types, bounds, and what its fields must be to each other.

    Unknown names are refused, so that a typing error is noticed.
    """

    def fits(self: BaseModel) -> BaseModel:
        kind(**self.model_dump())
        return self

    checks: dict[str, Any] = {"fits": model_validator(mode="after")(fits)}
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {each.name: (hints[each.name], each.default) for each in fields(kind)}
    return create_model(
        kind.__name__,
        __config__=ConfigDict(frozen=True, extra="forbid"),
        __validators__=checks,
        **values,
    )


def _refuse_unknown_sections() -> None:
    # pydantic-settings reads only the variables it knows, a misspelt section would go unnoticed.
    for variable in sorted(name.upper() for name in os.environ):
        section, nested, _unused = variable.removeprefix(PREFIX).partition("__")
        known = section.lower() in SECTIONS
        if variable.startswith(PREFIX) and nested and not known:
            said = f"{variable} names a section that does not exist"
            hint = f"Sections are {', '.join(SECTIONS)}."
            raise ConfigError("There is no such setting", said, hint)


def _first_mistake(error: ValidationError, cure: str) -> ConfigError:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section = KINDS.get(str(first["loc"][0]))
        names = SECTIONS
        if section is not None and len(first["loc"]) > 1:
            names = tuple(each.name for each in fields(section))
        hint = f"{cure} Known here: {', '.join(names)}."
        return ConfigError("There is no such setting", field, hint)
    if first["type"] == "value_error":  # Two fields that do not fit each other; says it all.
        text = first["msg"].removeprefix("Value error, ")
        return ConfigError("Settings do not fit each other", f"{field}: {text}", cure)
    text = f"{field}: {first['msg'].lower()}, but it is {first['input']!r}"
    return ConfigError("A setting is out of bounds", text, cure)
