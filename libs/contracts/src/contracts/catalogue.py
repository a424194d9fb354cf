"""Every message of the fleet, in one tuple: the table of contents of the bus."""

from contracts.accounts import EndSession, FindUser, IssueToken, RefreshToken
from contracts.attempts import (
    AttemptPreviewed,
    AttemptProgressed,
    CancelAttempt,
    FinishAttempt,
    JobWatched,
    RunAttempt,
)
from contracts.jobs import JOB_FACTS
from contracts.media import (
    AcceptUpload,
    BeginUpload,
    FindMedia,
    FindResults,
    LocateContent,
    OpenResults,
    RecordResults,
    StageInputs,
)
from contracts.message import Message
from contracts.nodes import (
    NODE_FACTS,
    AddNode,
    ClaimNode,
    ListNodes,
    NodeBeat,
    RemoveNode,
    ReportCapabilities,
    SchedulerLed,
)
from contracts.scheduling import CancelJob, FindJobs, ListJobs, SubmitJob

MESSAGES: tuple[type[Message], ...] = (
    IssueToken,
    RefreshToken,
    EndSession,
    FindUser,
    SubmitJob,
    CancelJob,
    FindJobs,
    ListJobs,
    AddNode,
    RemoveNode,
    ListNodes,
    ClaimNode,
    ReportCapabilities,
    FinishAttempt,
    RunAttempt,
    CancelAttempt,
    BeginUpload,
    AcceptUpload,
    FindMedia,
    LocateContent,
    StageInputs,
    OpenResults,
    RecordResults,
    FindResults,
    *JOB_FACTS,
    *NODE_FACTS,
    AttemptProgressed,
    AttemptPreviewed,
    JobWatched,
    NodeBeat,
    SchedulerLed,
)
