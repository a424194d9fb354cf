"""Every answer on the bus fits into one message when everything in it is as large as allowed.

JSON writes a control character with six bytes, so texts are made of them.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from contracts.access import Priority
from contracts.agent import AttemptOrder
from contracts.media.attempts import InputFile, InputFiles, Results, ResultUrls
from contracts.media.files import ContentView, MediaList, MediaView, Rendition, UploadPlace
from contracts.media.library import LinkList, LinkView, MediaPage, StorageView
from contracts.message import Accepted, Request
from contracts.messages import MESSAGES
from contracts.node_log import MOST_LOG_LINES, LogView
from contracts.node_queue import NodeQueue, QueuedPrompt
from contracts.registry.presets import MOST_INPUT_BYTES, PresetPage, PresetView
from contracts.scheduler.batches import BatchPage, BatchView, SubmitBatchView
from contracts.scheduler.claims import ClaimView
from contracts.scheduler.explanations import (
    JobExplanation,
    JobHold,
    NodeObstacle,
    ObstacleCount,
    OwnerShare,
)
from contracts.scheduler.job_requests import NeededGraphs, SubmitJobView, WorkView
from contracts.scheduler.jobs import (
    JobError,
    JobList,
    JobPage,
    JobStatus,
    JobSummary,
    JobView,
    Output,
)
from contracts.scheduler.node_requests import CapabilityNames, NodePage
from contracts.scheduler.nodes import MAX_SETTINGS_BYTES, ClaimedNode, NodePhase, NodeView
from contracts.topology import MAX_MESSAGE_BYTES
from contracts.values import PAGE_BYTES, MadeMask, fitting
from gateway.jobs.submission import MAX_INPUT_BYTES
from media.handlers.library import MAX_OPEN_LINKS
from runtime.bus.replies import fits
from scheduler.handlers.queries import MOST_HASHES

from .largest_auth_answers import AUTH_ANSWERS
from .largest_model_answers import MODEL_ANSWERS
from .largest_overview_answers import OVERVIEW_ANSWERS
from .largest_registry_answers import ID, REGISTRY_ANSWERS, TIME, UNMET, URL, text
from .largest_usage_answers import USAGE_ANSWERS
from .largest_webhook_answers import WEBHOOK_ANSWERS

LABELS = {f"{'k' * 38}{number:02}": text(256) for number in range(16)}
OUTPUTS = [
    Output(
        name="o" * 64,
        index=999,
        media_id=ID,
        kind="image",
        content_type="t" * 100,
        size_bytes=2**63,
        width=2**31,
        height=2**31,
    )
] * 200
JOB = JobView(
    id=ID,
    status=JobStatus.CANCELING,
    workflow="w" * 80,
    owner_id=ID,
    priority=Priority.BACKGROUND,
    labels=LABELS,
    created_at=TIME,
    started_at=TIME,
    finished_at=TIME,
    deadline=TIME,
    inputs={"text": "x" * MAX_INPUT_BYTES},
    outputs=OUTPUTS,
    error=JobError(code="c" * 100, message=text(9_999)),
    version=2**31,
    unmet=UNMET,
)
BATCH = BatchView(
    id=ID,
    owner_id=ID,
    workflow="w" * 80,
    priority=Priority.BACKGROUND,
    labels=LABELS,
    deadline=TIME,
    created_at=TIME,
    started_at=TIME,
    finished_at=TIME,
    job_count=2**31,
    job_count_by_status=dict.fromkeys(JobStatus, 2**31),
    fraction=1 / 3,
)
MEDIA = MediaView(
    id=ID,
    owner_id=ID,
    kind="image",
    content_type="t" * 100,
    mask=MadeMask(channel="luminance", invert=True, feather=512, smooth=True, blank="empty"),
    filename=text(255),
    size_bytes=2**63,
    blake3="b" * 64,
    created_at=TIME,
    workflow="w" * 80,
    labels=LABELS,
    expires_at=TIME,
    placeholder="p" * 4_000,
)
SETTINGS: dict[str, Any] = {
    "name": "n",
    "base_url": URL,
    "labels": {"l": "x" * MAX_SETTINGS_BYTES},
}
NODE = NodeView(
    id=ID, phase=NodePhase.QUARANTINED, reason=text(999), running_job_ids=[ID] * 100, **SETTINGS
)
ORDER = AttemptOrder(
    attempt_id=ID,
    job_id=ID,
    owner_id=ID,
    number=1,
    version_hash="h" * 64,
    inputs={},
    media=[ID] * 100,
    grant="g" * 8_000,
    timeout_seconds=1.0,
)
PRESET = PresetView(
    id=ID,
    owner_id=ID,
    name=text(120),
    workflow="w" * 63,
    inputs={"text": "x" * MOST_INPUT_BYTES},
    created_at=TIME,
    changed_at=TIME,
)
LINK = LinkView(id=ID, media_id=ID, created_at=TIME, expires_at=TIME)

LARGEST: Iterable[BaseModel] = (
    Accepted(),
    UploadPlace(media_id=ID, url=URL, expires_at=TIME),
    MEDIA,
    MediaList(items=fitting([MEDIA] * 100), left=[ID] * 100),
    MediaPage(items=fitting([MEDIA] * 50)),
    ContentView(
        media=MEDIA,
        url=URL,
        public_url=URL,
        rendition=Rendition(width=1, content_type="t", size_bytes=1, blake3="b" * 64),
    ),
    CapabilityNames(
        digest="d" * 64,
        engine_version="v" * 100,
        devices=[],
        classes=["x" * PAGE_BYTES],
        models=[],
        next_cursor="9" * 80,
    ),
    NodeQueue(
        prompts=fitting([QueuedPrompt(prompt_id=text(999), state="pending")] * 2_000),
        prompt_count=2_000,
    ),
    LINK,
    LinkList(items=[LINK] * MAX_OPEN_LINKS),
    StorageView(
        media_count=2**63,
        stored_bytes=2**63,
        limit_bytes=2**63,
        media_count_by_kind=dict.fromkeys("abcdefg", 2**63),
    ),
    InputFiles(
        items=[InputFile(media_id=ID, name="n" * 100, url=URL, content_type="t", size_bytes=1)]
        * 100
    ),
    ResultUrls(urls=[URL] * 200),
    Results(outputs=OUTPUTS, is_recorded=True),
    JobExplanation(
        job_id=ID,
        status=JobStatus.QUEUED,
        message=text(999),
        hold=JobHold(code="h" * 100, message=text(999), until=TIME),
        share=OwnerShare(running_count=2**31, waiting_count=2**31, owner_count=2**31),
        obstacles=[ObstacleCount(code="c" * 100, message=text(999), count=2**31)] * 20,
        nodes=fitting([NodeObstacle(node_id=ID, name=text(80), code="c", message=text(999))] * 200),
    ),
    JOB,
    SubmitJobView(job=JOB),
    JobList(items=fitting([JOB] * 20), left=[ID] * 100),
    JobPage(items=fitting([JobSummary.model_validate(JOB.model_dump())] * 200)),
    NeededGraphs(hashes=["h" * 64] * MOST_HASHES, next_cursor="h" * 64),
    WorkView(waiting_job_count=2**31, running_job_count=2**31),
    SubmitBatchView(batch_id=ID),
    BATCH,
    BatchPage(items=fitting([BATCH] * 50)),
    NODE,
    NodePage(items=fitting([NODE] * 100)),
    *USAGE_ANSWERS,
    *OVERVIEW_ANSWERS,
    *WEBHOOK_ANSWERS,
    LogView(lines=["\ufffd" * 131] * MOST_LOG_LINES),
    *MODEL_ANSWERS,
    ClaimView(claim=1, epoch=1, node=ClaimedNode(node_id=ID, **SETTINGS), live=[ORDER] * 50),
    *REGISTRY_ANSWERS,
    *AUTH_ANSWERS,
    PRESET,
    PresetPage(items=fitting([PRESET] * 50)),
)


def answers() -> set[type[BaseModel]]:
    return {message.answer() for message in MESSAGES if issubclass(message, Request)}


def test_every_answer_is_tried_at_its_largest() -> None:
    assert {type(one) for one in LARGEST} == answers()


def test_the_largest_answers_fit_into_one_message() -> None:
    sizes = {type(one).__name__: one.model_dump_json().encode() for one in LARGEST}

    assert [name for name, body in sizes.items() if not fits(body, MAX_MESSAGE_BYTES)] == []


def test_a_page_that_was_not_cut_would_not_fit() -> None:
    for items in ([MEDIA] * 50, [JOB] * 20, [NODE] * 100):
        body = "".join(item.model_dump_json() for item in items).encode()
        assert not fits(body, MAX_MESSAGE_BYTES)
