"""Everything the engine reports, as frozen dataclasses.

One class an event. `name` is the event's name in `--json` output; `lossy` events may be
dropped when the reader is slow (newest wins), all others always arrive. Fields are plain
JSON types, tuples of them, or one `bytes` field, so that events cross process borders without
pickle (see `engine.service.wire`).
"""

from __future__ import annotations

from engine.events.base import BoxTuple, Emit, Event
from engine.events.bench import BenchDone, BenchMachine, BenchStep, Figure
from engine.events.checkup import CameraMeasured, CheckupDone, Finding, Group, State
from engine.events.coaching import Advice, Coaching, TwinChoice, TwinSuspected
from engine.events.enrolment import (
    Captured,
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
)
from engine.events.evaluation import BakeOffDone, EvaluateDone
from engine.events.inbox import InboxChanged, Sighted
from engine.events.jobs import (
    ClockChanged,
    JobEnded,
    JobStarted,
    Notice,
    ProcessDied,
    ProcessReady,
    Recovered,
    WorkspaceUpgraded,
)
from engine.events.recognition import FaceSeen, NoFace, RecogniseDone, RecognitionRate
from engine.events.sources import (
    HALF_BLOCK_RUN,
    PictureDoubted,
    PictureSkipped,
    PictureTrouble,
    Preview,
    SourceFailed,
    SourceLost,
    SourceOpened,
    SourceRestored,
)
from engine.events.tapes import ReplayDone, TapeEnded, TapeStarted
from engine.events.training import EpochDone, FeaturesProgress, SplitDone, Threshold, TrainDone
from engine.events.why import NothingToExplain, Rule, Why

__all__ = [
    "HALF_BLOCK_RUN",
    "Advice",
    "BakeOffDone",
    "BenchDone",
    "BenchMachine",
    "BenchStep",
    "BoxTuple",
    "CameraMeasured",
    "Captured",
    "CheckupDone",
    "ClockChanged",
    "Coaching",
    "Emit",
    "EnrolDone",
    "EpochDone",
    "EvaluateDone",
    "Event",
    "FaceAnswer",
    "FaceSeen",
    "FeaturesProgress",
    "Figure",
    "Finding",
    "Group",
    "ImportDone",
    "ImportProgress",
    "ImportRefused",
    "InboxChanged",
    "JobEnded",
    "JobStarted",
    "LooksEnrolled",
    "NoFace",
    "NothingToExplain",
    "Notice",
    "PictureDoubted",
    "PictureSkipped",
    "PictureTrouble",
    "Preview",
    "ProcessDied",
    "ProcessReady",
    "RecogniseDone",
    "RecognitionRate",
    "Recovered",
    "Refused",
    "ReplayDone",
    "Rule",
    "SecondFace",
    "SetAside",
    "Sighted",
    "SourceFailed",
    "SourceLost",
    "SourceOpened",
    "SourceRestored",
    "SplitDone",
    "State",
    "StrangersAdded",
    "TapeEnded",
    "TapeStarted",
    "Threshold",
    "TrainDone",
    "TwinChoice",
    "TwinSuspected",
    "Why",
    "WorkspaceUpgraded",
]
