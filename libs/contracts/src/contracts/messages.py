"""Every message of the fleet, in one tuple: the table of contents of the bus."""

from contracts.agent import (
    AttemptPreviewed,
    AttemptProgressed,
    CancelAttempt,
    FinishAttempt,
    JobWatched,
    RunAttempt,
)
from contracts.auth import EndSession, FindUser, IssueToken, RefreshToken
from contracts.media.attempts import FindInputFiles, FindResults, RecordResults, SignResultUrls
from contracts.media.files import AcceptUpload, BeginUpload, FindMedia, LocateContent
from contracts.media.library import (
    DeleteMedia,
    FindStorage,
    ListLinks,
    ListMedia,
    MediaDeleted,
    RevokeLink,
    ShareMedia,
    UpdateMedia,
)
from contracts.message import Message
from contracts.registry.facts import WORKFLOW_FACTS
from contracts.registry.requests import (
    ActivateVersion,
    ChangeWorkflow,
    DeleteWorkflow,
    FindCoverage,
    FindDescription,
    ListVersions,
    ProposeSpec,
    StoreDescription,
    UploadWorkflow,
    ValidateWorkflow,
)
from contracts.scheduler.claims import ClaimNode, NodeBeat, ReportCapabilities, SchedulerLed
from contracts.scheduler.job_requests import CancelJob, FindJobs, ListJobs, SubmitJob
from contracts.scheduler.jobs import JOB_FACTS
from contracts.scheduler.node_facts import NODE_FACTS
from contracts.scheduler.nodes import AddNode, ListNodes, RemoveNode

MESSAGES: tuple[type[Message], ...] = (
    IssueToken,
    RefreshToken,
    EndSession,
    FindUser,
    UploadWorkflow,
    ValidateWorkflow,
    ProposeSpec,
    ActivateVersion,
    ChangeWorkflow,
    DeleteWorkflow,
    ListVersions,
    FindCoverage,
    FindDescription,
    StoreDescription,
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
    ListMedia,
    UpdateMedia,
    DeleteMedia,
    FindStorage,
    ShareMedia,
    ListLinks,
    RevokeLink,
    FindInputFiles,
    SignResultUrls,
    RecordResults,
    FindResults,
    *JOB_FACTS,
    *NODE_FACTS,
    *WORKFLOW_FACTS,
    MediaDeleted,
    AttemptProgressed,
    AttemptPreviewed,
    JobWatched,
    NodeBeat,
    SchedulerLed,
)
