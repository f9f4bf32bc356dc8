"""One typed configuration: flags over environment over file over defaults, each field bounded.

Environment: `FACEDESK_GATES__MIN_FACE=90`. File: TOML at `$FACEDESK_CONFIG`, else
`config.toml` in the user's configuration folder (`facedesk doctor` prints its path).
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError

from engine.errors import ConfigError
from engine.i18n import _

PREFIX = "FACEDESK_"
"""In front of every environment variable of ours."""


class Section(BaseModel):
    """A group of settings. Unknown names are refused, so that a typing error is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraSettings(Section):
    """What is asked of a camera, and how long to wait for it."""

    width: int = Field(640, ge=160, le=3840)
    """Picture width to ask a webcam for, pixels."""
    height: int = Field(480, ge=120, le=2160)
    """Picture height to ask a webcam for, pixels."""
    fps: float = Field(30.0, ge=1, le=240)
    """Frames a second to ask a webcam for."""
    open_timeout: float = Field(8.0, gt=0, le=120)
    """Seconds a source may take to open."""
    read_timeout: float = Field(4.0, gt=0, le=120)
    """Seconds a live source may go without a frame before it counts as lost."""
    reconnect_first: float = Field(0.5, gt=0, le=60)
    """Seconds before the first attempt to reconnect; doubled at each further one."""
    reconnect_longest: float = Field(15.0, gt=0, le=600)
    """Longest pause between attempts to reconnect, seconds."""
    reconnect_attempts: int = Field(20, ge=0, le=10_000)
    """Attempts before a lost source is given up. Given back after 25 good pictures."""
    basic_login: bool = True
    """Whether a camera that asks for it is sent the password in clear (Basic over http or rtsp).
    Switch it off where all cameras know Digest."""


DetectorWish = Literal["auto", "blaze", "haar"]
"""What finds faces; `engine.faces.detect` decides."""


class DetectionSettings(Section):
    """How faces are found."""

    detector: DetectorWish = "auto"
    """`auto` takes BlazeFace where OpenVINO is installed, else OpenCV's Haar cascade, which finds
    fewer faces and knows neither nose nor mouth. A name insists on it."""
    working_width: int = Field(320, ge=120, le=1280)
    """A larger frame is reduced to this width before Haar's face search, pixels."""
    scale_factor: float = Field(1.2, ge=1.01, le=1.5)
    """Step of the scale pyramid of Haar's face search."""
    neighbours: int = Field(5, ge=1, le=20)
    """Overlapping hits that Haar's face search needs for a face."""
    smallest_face: int = Field(64, ge=24, le=400)
    """Narrowest face that is recognised in live frames, pixels of the frame. Enrolment has its own
    limits, `gates.min_face` and `gates.min_face_import`."""
    full_scan_every: int = Field(5, ge=1, le=60)
    """Frames after which the whole frame is searched for new faces; in between those known are
    searched for near where they were. 1: every frame is searched as a whole."""


class GateSettings(Section):
    """The quality gates of enrolment. Each refusal carries the measured value and its limit."""

    min_face: int = Field(80, ge=32, le=1000)
    """Face box width below which a live frame is too small, pixels."""
    min_face_import: int = Field(60, ge=24, le=1000)
    """The same for imported photographs, pixels."""
    min_brightness: float = Field(45.0, ge=0, le=255)
    """Mean luma of the crop's middle below which it is too dark, 0..255."""
    max_brightness: float = Field(215.0, ge=0, le=255)
    """Mean luma of the crop's middle above which it is too bright, 0..255."""
    min_sharpness: float = Field(150.0, ge=0, le=10_000)
    """Sharpness (`engine.faces.measure`) below which the crop is blurred. Sharp webcam pictures
    have 200 to 2000, the same blurred by 4 pixels 30 to 110."""
    min_change: float = Field(3.0, ge=0, le=100)
    """Change since the last kept crop (`engine.faces.measure`) below which it is a duplicate."""
    dominance: float = Field(1.6, ge=1.0, le=10.0)
    """Of several faces the largest wins if it is this many times wider than the next."""

    @model_validator(mode="after")
    def _brightness_leaves_a_range(self) -> Self:
        if self.min_brightness >= self.max_brightness:
            raise ValueError(
                _(
                    "min_brightness ({min_brightness:g}) must be below max_brightness "
                    "({max_brightness:g})"
                ).format(min_brightness=self.min_brightness, max_brightness=self.max_brightness)
            )
        return self


class EnrolmentSettings(Section):
    """Capture from a camera."""

    count: int = Field(100, ge=1, le=10_000)
    """Crops a person and session."""
    finish_when_covered: bool = False
    """End a capture before `count` once the coach's grid is filled. Off: guidance is a help, and
    more pictures of the same views still help training a little."""


class SplitSettings(Section):
    """Shares of train, validation and test pictures; they must sum to 1."""

    train: float = Field(0.70, ge=0.05, le=1.0)
    validation: float = Field(0.15, ge=0.0, le=0.9)
    test: float = Field(0.15, ge=0.0, le=0.9)
    seed: int = Field(1, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > 1e-6:
            raise ValueError(
                _("train, validation and test must sum to 1, they sum to {total:g}").format(
                    total=total
                )
            )
        return self


class TrainingSettings(Section):
    """Both recipes."""

    epochs: int = Field(30, ge=1, le=1000)
    """Most epochs of recipe `head`; recipe `classic` uses `classic_epochs`."""
    classic_epochs: int = Field(10, ge=1, le=1000)
    patience: int = Field(5, ge=1, le=1000)
    """Epochs without a better val_loss before training stops; see `patience_for`."""
    learning_rate: float = Field(1e-3, gt=0, le=1)
    """Of recipe `classic`."""
    classic_side: Literal[160, 224] = 160
    """Width and height of the pictures as recipe `classic` shows them to VGG16: 224, which it was
    trained on, takes twice the time."""
    head_rate: float = Field(1e-4, gt=0, le=1)
    """Of recipe `head`, which starts at the class centres and only adjusts them."""
    fine_tune_rate: float = Field(1e-5, gt=0, le=1)
    """Learning rate with `--unfreeze block5`."""
    batch: int = Field(32, ge=1, le=1024)
    views: int = Field(2, ge=0, le=16)
    """Augmented views of each training crop, computed once (recipe `head`); fewer, or none, of
    people who have so many pictures that these are views enough."""

    def patience_for(self, epochs: int) -> int:
        """`patience`, kept below the number of epochs, so that early stopping can fire.

        A short run (`--epochs 3`) is no mistake, so that it shortens the patience instead of
        being refused. A run of one epoch has nothing to stop early.
        """
        return max(1, min(self.patience, epochs - 1))


RuntimeWish = Literal["auto", "openvino", "keras"]
"""What is to compute VGG16's features; `engine.model.runtime` decides."""


BackboneWish = Literal["auto", "both", "vgg16", "resnet"]
"""Which networks judge faces; `engine.model.choice` decides."""


class ModelSettings(Section):
    """Which networks judge faces, and how they are computed."""

    backbone: BackboneWish = "auto"
    """`both`: VGG16 and the face network, whose scores are added. `auto` takes both, or the face
    network alone (`resnet`) where VGG16 takes longer than 150 ms a face."""

    runtime: RuntimeWish = "auto"
    """`auto` takes OpenVINO where it is installed and the processor fits, else Keras, which is
    slower and loads TensorFlow for seconds. A name insists on it."""


class RecognitionSettings(Section):
    """Live recognition."""

    fpir: float = Field(0.01, gt=0, lt=1)
    """Share of strangers' searches that may return a name: the one dial."""
    window: int = Field(7, ge=1, le=100)
    """Last frames of a track that are fused into one decision."""
    least: int = Field(3, ge=1, le=100)
    """Frames a track needs before anything but "unsure" is said; at most `window`."""
    most_faces: int = Field(8, ge=1, le=64)
    """Faces a frame that are looked at, largest first."""

    @model_validator(mode="after")
    def _window_holds_the_least(self) -> Self:
        if self.least > self.window:
            raise ValueError(
                _("least ({least}) must not exceed window ({window})").format(
                    least=self.least, window=self.window
                )
            )
        return self


class ProcessSettings(Section):
    """When a process of the engine is ended and replaced."""

    silent_seconds: float = Field(60.0, ge=2, le=3600)
    """Seconds without an answer. Loading a library from a slow disk may take tens of them."""
    still_seconds: float = Field(600.0, ge=5, le=86_400)
    """Seconds in which a job neither reports nor looks whether it is to end. Each frame and batch
    does; compiling or fitting in one piece may take minutes on a small machine."""
    most_megabytes: int = Field(0, ge=0, le=1_000_000)
    """Memory of one process; 0: three quarters of the machine's, or of its control group's."""


class TrashSettings(Section):
    """What was deleted or moved, and can be undone."""

    keep_days: int = Field(30, ge=0, le=3650)
    """Days that a change can be undone; 0: what is deleted is gone at once."""


class RetentionSettings(Section):
    """What goes by itself after a time, beside the trash (`trash.keep_days`) and the inbox
    (`inbox.days`). People never do: they are only listed."""

    people_days: int = Field(0, ge=0, le=3650)
    """Days without being recognised or captured after which a person is listed; 0: nobody is."""
    models: int = Field(20, ge=1, le=1000)
    """Newest models that stay, besides the one in use and the one before it."""
    recording_days: int = Field(0, ge=0, le=3650)
    """Days after which recordings below the workspace go; 0: they stay."""
    log_days: int = Field(30, ge=1, le=3650)
    """Days after which a log that nothing was written to goes."""


class ConsentSettings(Section):
    """What people agree to when they are enrolled, and what happens if they did not."""

    required: Literal["off", "warn", "refuse"] = "warn"
    """What enrolling somebody without noted consent does: nothing, a sentence, or a refusal."""
    text_version: str = Field("1", min_length=1, max_length=40)
    """Version of the text below, noted with each consent; change it with the text."""
    text: str = Field(
        "I agree that pictures of my face, and what is computed from them, are kept on this "
        "computer to recognise me, until I take this back.",
        max_length=4000,
    )
    """The words that are shown to a person who is asked."""


class InboxSettings(Section):
    """Strangers kept while recognising. The switch in the app or `facedesk unknown on` is kept
    in the workspace and goes before `keep`."""

    keep: bool = False
    """Whether strangers seen while recognising are kept."""
    days: int = Field(7, ge=1, le=365)
    """Days after which they are removed for good, whatever was done with them."""
    crops: int = Field(4, ge=1, le=20)
    """Most crops of one sighting."""
    most: int = Field(200, ge=1, le=2000)
    """Most sightings that wait; beyond that the oldest go."""


class RecordSettings(Section):
    """What `--record` may take."""

    most_megabytes: int = Field(2000, ge=1, le=4000)
    """Size of a recording at which it ends (the session goes on). Lossless pictures of 640x480
    take about 0.4 megabytes each; an AVI file holds 4000."""


class VaultSettings(Section):
    """What opens an encrypted workspace where nobody is there to be asked."""

    key_file: str = ""
    """The key file, for a workspace that is opened by one."""
    passphrase_file: str = ""
    """A file with the passphrase in its first line; `-`: standard input."""
    required: bool = False
    """Refuse a workspace that is not encrypted."""


class PrivacySettings(Section):
    """Where a workspace may lie."""

    shared_folder: Literal["warn", "refuse"] = "warn"
    """What happens to a workspace that other users may look into, or that lies on a network or
    shared file system."""


class AppSettings(Section):
    """The app in the terminal."""

    theme: str = ""
    """Name of a theme (palette, "Theme"); empty: the one chosen last in this workspace."""
    animation: bool = False
    """Whether scrolling and the like is animated. Over SSH each frame of it costs."""
    mouse: bool = True
    """Whether the app takes the mouse; without, the terminal's own selection works."""
    preview: Literal["auto", "normal", "low", "off"] = "auto"
    """How much of the camera picture is sent to the terminal."""


class Settings(BaseSettings):
    """All settings. Build with `load_settings`, which turns mistakes into ConfigError."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
    )

    camera: CameraSettings = CameraSettings()
    detection: DetectionSettings = DetectionSettings()
    gates: GateSettings = GateSettings()
    enrolment: EnrolmentSettings = EnrolmentSettings()
    split: SplitSettings = SplitSettings()
    training: TrainingSettings = TrainingSettings()
    model: ModelSettings = ModelSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    inbox: InboxSettings = InboxSettings()
    processes: ProcessSettings = ProcessSettings()
    trash: TrashSettings = TrashSettings()
    retention: RetentionSettings = RetentionSettings()
    consent: ConsentSettings = ConsentSettings()
    record: RecordSettings = RecordSettings()
    vault: VaultSettings = VaultSettings()
    privacy: PrivacySettings = PrivacySettings()
    app: AppSettings = AppSettings()

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
    cure = _("Correct it in the environment or in {path}.").format(path=path)
    _refuse_unknown_sections()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise _first_mistake(error, cure) from error
    except SettingsError as error:
        raise ConfigError(_("A setting cannot be read"), str(error), cure) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            _("The configuration file cannot be read"),
            f"{path}: {error}",
            _("Correct or remove it."),
        ) from error


def _refuse_unknown_sections() -> None:
    # pydantic-settings reads only the variables it knows, a misspelt section would go unnoticed.
    for variable in sorted(name.upper() for name in os.environ):
        section, nested, _unused = variable.removeprefix(PREFIX).partition("__")
        known = section.lower() in Settings.model_fields
        if variable.startswith(PREFIX) and nested and not known:
            raise ConfigError(
                _("There is no such setting"),
                _("{variable} names a section that does not exist").format(variable=variable),
                _("Sections are {sections}.").format(sections=", ".join(Settings.model_fields)),
            )


def _first_mistake(error: ValidationError, cure: str) -> ConfigError:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section = Settings.model_fields.get(str(first["loc"][0]))
        known = getattr(section.annotation, "model_fields", {}) if section else {}
        names = known if len(first["loc"]) > 1 else Settings.model_fields
        return ConfigError(
            _("There is no such setting"),
            field,
            _("{cure} Known here: {names}.").format(cure=cure, names=", ".join(names)),
        )
    if first["type"] == "value_error":  # Two fields that do not fit each other; says it all.
        text = first["msg"].removeprefix("Value error, ")
        return ConfigError(_("Settings do not fit each other"), f"{field}: {text}", cure)
    text = _("{field}: {reason}, but it is {value!r}").format(
        field=field, reason=first["msg"].lower(), value=first["input"]
    )
    return ConfigError(_("A setting is out of bounds"), text, cure)
