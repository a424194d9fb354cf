"""The operations of the OpenAPI document, and the thing that each is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gateway.app import ROUTERS
from gateway.http.application import application

from .test_jobs import a_picture


class About(Enum):
    """The thing that an operation is about."""

    PUBLIC = "nothing that anybody owns; no token is needed"
    SHARED = "what all users share; its permission is enough"
    CALLER = "the caller alone"
    LIST = "a list of what the caller owns"
    OWNED = "a thing of an owner, which exists for nobody else"
    SESSION = "a thing of an owner, and no API key may do it"
    FLEET = "the fleet or its users; a permission that a user does not have is needed"


MATRIX: dict[str, About] = {
    **dict.fromkeys(
        (
            *("getRoot", "getVersion", "getHealth", "getReadiness", "getSpecSchema"),
            *("issueToken", "refreshSession", "endSession", "usePasswordLink"),
        ),
        About.PUBLIC,
    ),
    **dict.fromkeys(
        (
            *("listWorkflows", "getWorkflow", "getWorkflowSchema", "getWorkflowOpenapi"),
            "listWorkflowVersions",
        ),
        About.SHARED,
    ),
    **dict.fromkeys(
        (
            *("createJob", "createBatch", "uploadMedia", "beginUpload", "downloadZip"),
            *("createPreset", "getMe", "getStorageUsage", "createApiKey"),
            *("createWebhook", "getWebhookSecret"),
            *("renameMe", "replacePassword", "endMySession", "endMySessions"),
        ),
        About.CALLER,
    ),
    **dict.fromkeys(
        (
            *("listJobs", "listBatches", "listMedia", "listPresets", "listApiKeys"),
            *("listWebhooks", "listSessions", "getUsage", "followJobs"),
        ),
        About.LIST,
    ),
    **dict.fromkeys(
        (
            *("getJob", "updateJob", "deleteJob", "cancelJob", "getTimings", "retryJob"),
            *("explainJob", "followJob", "getBatch", "cancelBatch", "followBatch"),
            *("getMedia", "updateMedia", "deleteMedia", "createLink", "listLinks", "revokeLink"),
            *("completeUpload", "getMediaContent"),
            *("findPreset", "changePreset", "deletePreset"),
            *("getWebhook", "updateWebhook", "deleteWebhook", "testWebhook", "listDeliveries"),
            *("replayDelivery", "replayFailed"),
        ),
        About.OWNED,
    ),
    "deleteApiKey": About.SESSION,
    **dict.fromkeys(
        (
            *("getGraph", "getWorkflowCoverage"),
            *("uploadWorkflow", "updateWorkflow", "deleteWorkflow", "getWorkflowVersion"),
            *("compareWorkflowVersions", "validateWorkflow", "proposeSpec"),
            "activateWorkflowVersion",
            *("listNodes", "addNode", "findNode", "changeNode", "removeNode", "readLog"),
            *("drainNode", "resumeNode", "findCapabilities", "findQueue", "findModels"),
            *("fetchModel", "getOverview", "pauseDispatch", "resumeDispatch", "listAudit"),
            *("listUsers", "createUser", "getUser", "changeUser", "eraseUser"),
            *("listRoles", "createRole", "getRole", "changeRole", "deleteRole"),
            "createPasswordLink",
            *("listKeysOfUser", "createKeyOfService", "deleteKeyOfUser"),
        ),
        About.FLEET,
    ),
}
"""By the id of the operation in the OpenAPI document."""

DOCUMENT = application(ROUTERS, "0").openapi()
JSON, MULTIPART = "application/json", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    name: str
    method: str
    path: str
    body: Mapping[str, Any]
    """Arguments of `httpx` with a body that fits."""


def body_of(operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the example of the body."""
    content = operation.get("requestBody", {}).get("content", {})
    for kind, part in content.items():
        schema = part["schema"]["$ref"].rsplit("/", 1)[-1]
        example = DOCUMENT["components"]["schemas"][schema]["examples"][0]
        if kind == JSON:
            return {"json": example}
        if kind == MULTIPART:
            fields = {name: str(value) for name, value in example.items() if name != "file"}
            return {"data": fields, "files": {"file": ("a.png", a_picture())}}
        return {"data": example}
    return {}


OPERATIONS = {
    operation["operationId"]: Operation(
        operation["operationId"], method.upper(), path, body_of(operation)
    )
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def about(*kinds: About) -> list[str]:
    return sorted(name for name, kind in MATRIX.items() if kind in kinds and name in OPERATIONS)
