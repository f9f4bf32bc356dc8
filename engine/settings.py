"""All settings, as plain data with bounds. `engine.config` reads and checks them.

The engine's processes get them checked from the app or the command, and load nothing more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

PictureShape = Literal["own", "4:3", "16:9"]
"""Width to height of a whole picture as it is to be shown."""
RtspTransport = Literal["auto", "tcp", "udp"]
"""How RTSP cameras send pictures. What comes by UDP may come from anybody in the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """What is asked of a camera, how long to wait for it, and how its pictures are taken."""

    width: Annotated[int, Ge(160), Le(3840)] = 640
    """Picture width to ask a webcam for, pixels."""
    height: Annotated[int, Ge(120), Le(2160)] = 480
    """Picture height to ask a webcam for, pixels."""
    fps: Annotated[float, Ge(1), Le(240)] = 30.0
    """Frames a second to ask a webcam for."""
    open_timeout: Annotated[float, Gt(0), Le(120)] = 8.0
    """Seconds a source may take to open."""
    read_timeout: Annotated[float, Gt(0), Le(120)] = 4.0
    """Seconds a live source may go without a frame before it counts as lost."""
    reconnect_first: Annotated[float, Gt(0), Le(60)] = 0.5
    """Seconds before the first attempt to reconnect; doubled at each further one."""
    reconnect_longest: Annotated[float, Gt(0), Le(600)] = 15.0
    """Longest pause between attempts to reconnect, seconds."""
    reconnect_attempts: Annotated[int, Ge(0), Le(10_000)] = 20
    """Attempts before a lost source is given up. Given back after 25 good pictures."""
    basic_login: bool = True
    """Whether a camera that asks for it is sent the password in clear (Basic over http or rtsp).
    Switch it off where all cameras know Digest."""
    rtsp_transport: RtspTransport = "auto"
    """How an RTSP camera sends its pictures: `auto` asks for TCP, and where that fails for UDP."""
    picture_shape: PictureShape = "own"
    """Shape at which the pictures of streams and clips are shown that state no pixel shape: `own`
    takes their pixels for square. A video recorder's 704x288 and 352x576 are meant as `4:3`."""


DetectorWish = Literal["auto", "blaze", "haar"]
"""What finds faces; `engine.faces.detect` decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionSettings:
    """How faces are found."""

    detector: DetectorWish = "auto"
    """`auto` takes BlazeFace where OpenVINO is installed, else OpenCV's Haar cascade, which finds
    fewer faces and knows neither nose nor mouth. A name insists on it."""
    working_width: Annotated[int, Ge(120), Le(1280)] = 320
    """A larger frame is reduced to this width before Haar's face search, pixels."""
    scale_factor: Annotated[float, Ge(1.01), Le(1.5)] = 1.2
    """Step of the scale pyramid of Haar's face search."""
    neighbours: Annotated[int, Ge(1), Le(20)] = 5
    """Overlapping hits that Haar's face search needs for a face."""
    smallest_face: Annotated[int, Ge(24), Le(400)] = 64
    """Narrowest face that is recognised in live frames, pixels of the frame. Enrolment has its own
    limits, `gates.min_face` and `gates.min_face_import`."""
    full_scan_every: Annotated[int, Ge(1), Le(60)] = 5
    """Frames after which the whole frame is searched for new faces; in between those known are
    searched for near where they were. 1: every frame is searched as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """The quality gates of enrolment. Each refusal carries the measured value and its limit."""

    min_face: Annotated[int, Ge(32), Le(1000)] = 80
    """Face box width below which a live frame is too small, pixels."""
    min_face_import: Annotated[int, Ge(24), Le(1000)] = 60
    """The same for imported photographs, pixels."""
    min_brightness: Annotated[float, Ge(0), Le(255)] = 45.0
    """Mean luma of the crop's middle below which it is too dark, 0..255."""
    max_brightness: Annotated[float, Ge(0), Le(255)] = 215.0
    """Mean luma of the crop's middle above which it is too bright, 0..255."""
    min_sharpness: Annotated[float, Ge(0), Le(10_000)] = 150.0
    """Sharpness (`engine.faces.quality`) below which the crop is blurred. Sharp webcam pictures
    have 200 to 2000, the same blurred by 4 pixels 30 to 110."""
    min_change: Annotated[float, Ge(0), Le(100)] = 3.0
    """Change since the last kept crop (`engine.faces.quality`) below which it is a duplicate."""
    dominance: Annotated[float, Ge(1.0), Le(10.0)] = 1.6
    """Of several faces the largest wins if it is this many times wider than the next."""

    def __post_init__(self) -> None:
        if self.min_brightness >= self.max_brightness:
            raise ValueError(
                f"min_brightness ({self.min_brightness:g}) must be below max_brightness "
                f"({self.max_brightness:g})"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentSettings:
    """Capture from a camera."""

    count: Annotated[int, Ge(1), Le(10_000)] = 100
    """Crops a person and session."""
    finish_when_covered: bool = False
    """End a capture before `count` once the coach's grid is filled. Off: guidance is a help, and
    more pictures of the same views still help training a little."""


LEAST_TRAIN = 0.05
"""Share of the pictures that a split needs for training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """Shares of train, validation and test pictures; they must sum to 1."""

    train: Annotated[float, Ge(LEAST_TRAIN), Le(1.0)] = 0.70
    validation: Annotated[float, Ge(0.0), Le(0.9)] = 0.15
    test: Annotated[float, Ge(0.0), Le(0.9)] = 0.15
    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 1

    def __post_init__(self) -> None:
        total = self.train + self.validation + self.test
        if not abs(total - 1.0) <= 1e-6:  # NaN is no 1 either
            raise ValueError(f"train, validation and test must sum to 1, they sum to {total:g}")
        # The bounds above are checked in a configuration; these in a split asked for or read, too.
        if self.train < LEAST_TRAIN or min(self.validation, self.test) < 0:
            raise ValueError(f"train must be at least {LEAST_TRAIN:g}, and no share negative")


Recipe = Literal["head", "classic"]


@dataclass(frozen=True, slots=True)
class Offered:
    """Marks a setting of training that one training may have otherwise: `facedesk train`, the form
    of the app, `TrainRequest.options` and the model's record follow (`TRAIN_OPTIONS`)."""

    help: str
    recipe: Recipe | None = None
    """The one recipe that has it; None: both."""
    name: str = ""
    """What it is called there, where that is not the setting's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """Both recipes. A setting marked `Offered` is an option of a training, too."""

    epochs: Annotated[int, Ge(1), Le(1000), Offered("Most epochs", "head")] = 30
    """Most epochs of recipe `head`; recipe `classic` uses `classic_epochs`."""
    classic_epochs: Annotated[
        int, Ge(1), Le(1000), Offered("Most epochs", "classic", name="epochs")
    ] = 10
    patience: Annotated[int, Ge(1), Le(1000)] = 5
    """Epochs without a better val_loss before training stops; see `patience_for`."""
    learning_rate: Annotated[float, Gt(0), Le(1)] = 1e-3
    """Of recipe `classic`."""
    classic_side: Annotated[
        Literal[160, 224],
        Offered(
            "Width and height of VGG16's input; 224 takes twice the time", "classic", "input_side"
        ),
    ] = 160
    """Width and height of the pictures as recipe `classic` shows them to VGG16: 224, which it was
    trained on, takes twice the time."""
    head_rate: Annotated[float, Gt(0), Le(1)] = 1e-4
    """Of recipe `head`, which starts at the class centres and only adjusts them."""
    fine_tune_rate: Annotated[float, Gt(0), Le(1)] = 1e-5
    """Learning rate with `--unfreeze block5`."""
    batch: Annotated[int, Ge(1), Le(1024)] = 32
    views: Annotated[int, Ge(0), Le(16)] = 2
    """Augmented views of each training crop, computed once (recipe `head`); fewer, or none, of
    people who have so many pictures that these are views enough."""

    def patience_for(self, epochs: int) -> int:
        """`patience`, kept below the number of epochs, so that early stopping can fire.

        A short run (`--epochs 3`) is no mistake, so that it shortens the patience instead of
        being refused. A run of one epoch has nothing to stop early.
        """
        return max(1, min(self.patience, epochs - 1))


BOUNDS: dict[type, tuple[str, Callable[[Any, Any], bool]]] = {
    Ge: ("from", operator.ge),
    Gt: ("above", operator.gt),
    Le: ("to", operator.le),
    Lt: ("and below", operator.lt),
}
"""How a bound reads, and what it asks of a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOption:
    """An offered setting: its names, recipe (None: both), type (int, float, str or bool), all its
    values where they are listed, and its bounds by the class of annotated_types."""

    name: str
    setting: str
    help: str
    recipe: Recipe | None
    kind: type
    choices: tuple[Any, ...]
    bounds: Mapping[type, Any]

    @property
    def title(self) -> str:
        """Its name in a form."""
        return self.name.replace("_", " ").capitalize()

    def checked(self, value: Any) -> Any:
        """The value that `value` is, or that its text says. Raises ValueError with the rule."""
        if self.choices:
            rule = " or ".join(map(str, self.choices))
        else:
            words = (f"{BOUNDS[bound][0]} {limit:g}" for bound, limit in self.bounds.items())
            rule = " ".join(("a whole number" if self.kind is int else "a number", *words))
        try:
            found = self.kind(value)
        except (TypeError, ValueError, OverflowError):
            found = None
        within = (BOUNDS[bound][1](found, limit) for bound, limit in self.bounds.items())
        if found is None or (self.choices and found not in self.choices) or not all(within):
            raise ValueError(f"{self.title}: {rule}.")
        return found


def _train_options() -> Iterator[TrainOption]:
    for setting, hint in get_type_hints(TrainingSettings, include_extras=True).items():
        kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        bounds = {type(m): getattr(m, type(m).__name__.lower()) for m in marks if type(m) in BOUNDS}
        for offered in marks:
            if isinstance(offered, Offered):
                yield TrainOption(
                    name=offered.name or setting,
                    setting=setting,
                    help=offered.help,
                    recipe=offered.recipe,
                    kind=type(choices[0]) if choices else kind,
                    choices=choices,
                    bounds=bounds,
                )


TRAIN_OPTIONS: tuple[TrainOption, ...] = tuple(_train_options())
"""All offered settings of training, in the order of their declaration. An option of both recipes
may be two settings of one name."""


def train_options(recipe: Recipe) -> dict[str, TrainOption]:
    """The options of a recipe by name."""
    return {each.name: each for each in TRAIN_OPTIONS if each.recipe in (None, recipe)}


RuntimeWish = Literal["auto", "openvino", "keras"]
"""What is to compute VGG16's features; `engine.model.backbones` decides."""


BackboneName = Literal["both", "vgg16", "resnet"]
"""Networks that faces may go through: the rows of `engine.model.backbones.BACKBONES`."""
BackboneWish = Literal["auto", BackboneName]
"""Which networks judge faces; `engine.model.backbones` decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which networks judge faces, and how they are computed."""

    backbone: BackboneWish = "auto"
    """`both`: VGG16 and the face network, whose scores are added. `auto` takes both, or the face
    network alone (`resnet`) where VGG16 takes longer than 150 ms a face."""

    runtime: RuntimeWish = "auto"
    """`auto` takes OpenVINO where it is installed and the processor fits, else Keras, which is
    slower and loads TensorFlow for seconds. A name insists on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionSettings:
    """Live recognition."""

    fpir: Annotated[float, Gt(0), Lt(1)] = 0.01
    """Share of strangers' searches that may return a name: the one dial."""
    window: Annotated[int, Ge(1), Le(100)] = 7
    """Last frames of a track that are fused into one decision."""
    least: Annotated[int, Ge(1), Le(100)] = 3
    """Frames a track needs before anything but "unsure" is said; at most `window`."""
    most_faces: Annotated[int, Ge(1), Le(64)] = 8
    """Faces a frame that are looked at, largest first."""

    def __post_init__(self) -> None:
        if self.least > self.window:
            raise ValueError(f"least ({self.least}) must not exceed window ({self.window})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """When a process of the engine is ended and replaced."""

    silent_seconds: Annotated[float, Ge(2), Le(3600)] = 60.0
    """Seconds without an answer. Loading a library from a slow disk may take tens of them."""
    still_seconds: Annotated[float, Ge(5), Le(86_400)] = 600.0
    """Seconds in which a job neither reports nor looks whether it is to end. Each frame and batch
    does; compiling or fitting in one piece may take minutes on a small machine."""
    most_megabytes: Annotated[int, Ge(0), Le(1_000_000)] = 0
    """Memory of one process; 0: three quarters of the machine's, or of its control group's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashSettings:
    """What was deleted or moved, and can be undone."""

    keep_days: Annotated[int, Ge(0), Le(3650)] = 30
    """Days that a change can be undone; 0: what is deleted is gone at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """What goes by itself after a time, beside the trash (`trash.keep_days`) and the unknown list
    (`unknown.days`). People never do: they are only listed."""

    people_days: Annotated[int, Ge(0), Le(3650)] = 0
    """Days without being recognised or captured after which a person is listed; 0: nobody is."""
    models: Annotated[int, Ge(1), Le(1000)] = 20
    """Newest models that stay, besides the one in use and the one before it."""
    recording_days: Annotated[int, Ge(0), Le(3650)] = 0
    """Days after which recordings below the workspace go; 0: they stay."""
    log_days: Annotated[int, Ge(1), Le(3650)] = 30
    """Days after which a log that nothing was written to goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSettings:
    """What people agree to when they are enrolled, and what happens if they did not."""

    required: Literal["off", "warn", "refuse"] = "warn"
    """What enrolling somebody without noted consent does: nothing, a sentence, or a refusal."""
    text_version: Annotated[str, MinLen(1), MaxLen(40)] = "1"
    """Version of the text below, noted with each consent; change it with the text."""
    text: Annotated[str, MaxLen(4000)] = (
        "I agree that pictures of my face, and what is computed from them, are kept on this "
        "computer to recognise me, until I take this back."
    )
    """The words that are shown to a person who is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSettings:
    """Strangers kept while recognising. The switch in the app or `facedesk unknown on` is kept
    in the workspace and goes before `keep`."""

    keep: bool = False
    """Whether strangers seen while recognising are kept."""
    days: Annotated[int, Ge(1), Le(365)] = 7
    """Days after which they are removed for good, whatever was done with them."""
    crops: Annotated[int, Ge(1), Le(20)] = 4
    """Most crops of one sighting."""
    most: Annotated[int, Ge(1), Le(2000)] = 200
    """Most sightings that wait; beyond that the oldest go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSettings:
    """What `--record` may take."""

    most_megabytes: Annotated[int, Ge(1), Le(4000)] = 2000
    """Size of a recording at which it ends (the session goes on). Lossless pictures of 640x480
    take about 0.4 megabytes each; an AVI file holds 4000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings:
    """What opens an encrypted workspace where nobody is there to be asked."""

    key_file: str = ""
    """The key file, for a workspace that is opened by one."""
    passphrase_file: str = ""
    """A file with the passphrase in its first line; `-`: standard input."""
    required: bool = False
    """Refuse a workspace that is not encrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacySettings:
    """Where a workspace may lie."""

    shared_folder: Literal["warn", "refuse"] = "warn"
    """What happens to a workspace that other users may look into, or that lies on a network or
    shared file system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """The app in the terminal."""

    theme: str = ""
    """Name of a theme (palette, "Theme"); empty: the one chosen last in this workspace."""
    animation: bool = False
    """Whether scrolling and the like is animated. Over SSH each frame of it costs."""
    mouse: bool = True
    """Whether the app takes the mouse; without, the terminal's own selection works."""
    preview: Literal["auto", "normal", "low", "off"] = "auto"
    """How much of the camera picture is sent to the terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. `engine.config.load_settings` reads them; this checks no bounds by itself."""

    camera: CameraSettings = CameraSettings()
    detection: DetectionSettings = DetectionSettings()
    gates: GateSettings = GateSettings()
    enrolment: EnrolmentSettings = EnrolmentSettings()
    split: SplitSettings = SplitSettings()
    training: TrainingSettings = TrainingSettings()
    model: ModelSettings = ModelSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    unknown: UnknownSettings = UnknownSettings()
    processes: ProcessSettings = ProcessSettings()
    trash: TrashSettings = TrashSettings()
    retention: RetentionSettings = RetentionSettings()
    consent: ConsentSettings = ConsentSettings()
    record: RecordSettings = RecordSettings()
    vault: VaultSettings = VaultSettings()
    privacy: PrivacySettings = PrivacySettings()
    app: AppSettings = AppSettings()

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Sections by name, plain JSON: what `of_json` takes."""
        return asdict(self)

    @classmethod
    def of_json(cls, body: Mapping[str, Mapping[str, Any]]) -> Self:
        """Settings that were checked before, in another process. Raises TypeError for unknown
        names."""
        kinds = get_type_hints(cls)
        return cls(**{section: kinds[section](**values) for section, values in body.items()})


SECTIONS: tuple[str, ...] = tuple(each.name for each in fields(Settings))
