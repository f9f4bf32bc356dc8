"""Everything the engine reports, as frozen dataclasses.

One class an event. `name` is the event's name in `--json` output; `lossy` events may be
dropped when the reader is slow (newest wins), all others always arrive. Fields are plain
JSON types, tuples of them, or one `bytes` field, so that events cross process borders without
pickle (see `engine.desk.wire`).
"""

from __future__ import annotations

from engine.contract.events_base import (
    HALF_BLOCK_RUN,
    BoxTuple,
    ClockChanged,
    Emit,
    Event,
    JobEnded,
    JobStarted,
    Notice,
    PictureDoubted,
    PictureSkipped,
    PictureTrouble,
    Preview,
    ProcessDied,
    ProcessReady,
    Recovered,
    SourceFailed,
    SourceLost,
    SourceOpened,
    SourceRestored,
    Warned,
    WorkspaceUpgraded,
    grouped,
    one_by_one,
)
from engine.contract.events_capture import (
    Advice,
    Captured,
    Coaching,
    EnrolDone,
    FaceAnswer,
    ImportDone,
    ImportProgress,
    ImportRefused,
    LooksEnrolled,
    Refused,
    SecondFace,
    SetAside,
    StrangersAdded,
    TwinChoice,
    TwinSuspected,
)
from engine.contract.events_desk import (
    BenchDone,
    BenchMachine,
    BenchStep,
    CameraMeasured,
    Check,
    DoctorDone,
    Figure,
    Finding,
    Found,
    Group,
    RecordingEnded,
    RecordingStarted,
    ReplayDone,
    Sighted,
    State,
    UnknownChanged,
)
from engine.contract.events_model import (
    BakeOffDone,
    EpochDone,
    EvaluateDone,
    FaceSeen,
    FeaturesProgress,
    NoFace,
    NothingToExplain,
    RecogniseDone,
    RecognitionRate,
    Rule,
    SplitDone,
    Threshold,
    TrainDone,
    Why,
)
