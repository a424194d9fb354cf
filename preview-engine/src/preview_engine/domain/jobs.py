"""Shows queue and history as one list, as ComfyUI's jobs.py does: /api/jobs."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Job: TypeAlias = dict[str, Any]

STATUSES = ("pending", "in_progress", "completed", "failed")
ENDINGS = ("execution_success", "execution_error", "execution_interrupted")
SHOWN_KINDS = ("images", "video", "audio")
SHOWN_FORMATS = ("video/", "audio/")
SHOWN_ENDINGS = (".obj", ".fbx", ".gltf", ".glb")


def jobs_of(queue: Mapping[str, Any], history: Mapping[str, Any]) -> Iterator[Job]:
    """Yield running, waiting and then finished jobs, oldest first."""
    for entry in queue["queue_running"]:
        yield _open_job(entry, "in_progress")
    for entry in queue["queue_pending"]:
        yield _open_job(entry, "pending")
    for entry in history.values():
        yield done_job(entry)


def sort_key(job: Job, sort_by: str) -> float:
    if sort_by == "created_at":
        return job.get("create_time", 0)
    start, end = job.get("execution_start_time", 0), job.get("execution_end_time", 0)
    return end - start if start and end else 0


def detailed_job(entry: Mapping[str, Any]) -> Job:
    """Return all of a history entry: outputs, messages and the prompt."""
    _, _, graph, extra_data, _ = entry["prompt"]
    return done_job(entry) | {
        "outputs": entry["outputs"],
        "execution_status": entry["status"],
        "workflow": {"prompt": graph, "extra_data": extra_data},
    }


def done_job(entry: Mapping[str, Any]) -> Job:
    """Return a finished job. An interrupted one counts as failed, as in ComfyUI."""
    told: dict[str, dict[str, Any]] = dict(entry["status"]["messages"])
    end = next((kind for kind in ENDINGS if kind in told), "")
    status = "completed" if entry["status"]["status_str"] == "success" else "failed"
    files = list(_files(entry["outputs"]))
    previewable = [file for file in files if _is_previewable(file)]
    kept = [file for file in previewable if file.get("type") == "output"]
    known: Job = {
        "execution_start_time": told.get("execution_start", {}).get("timestamp"),
        "execution_end_time": told.get(end, {}).get("timestamp"),
        "execution_error": told.get("execution_error"),
        "outputs_count": len(files),
        "preview_output": next(iter(kept or previewable), None),
    }
    return _pruned(_open_job(entry["prompt"], status) | known)


def _open_job(entry: list[Any], status: str) -> Job:
    number, prompt_id, _, extra_data, _ = entry
    match extra_data:
        case {"extra_pnginfo": {"workflow": {"id": workflow_id}}}:
            pass
        case _:
            workflow_id = None
    job: Job = {
        "id": prompt_id,
        "status": status,
        "priority": number,
        "create_time": extra_data.get("create_time"),
        "outputs_count": 0,
        "workflow_id": workflow_id,
    }
    return _pruned(job)


def _files(outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for node_id, shown in outputs.items():
        for kind, items in shown.items():
            for item in items:
                if isinstance(item, dict):
                    yield {**item, "nodeId": node_id, "mediaType": kind}


def _is_previewable(file: Mapping[str, Any]) -> bool:
    return (
        file["mediaType"] in SHOWN_KINDS
        or str(file.get("format", "")).startswith(SHOWN_FORMATS)
        or str(file.get("filename", "")).lower().endswith(SHOWN_ENDINGS)
    )


def _pruned(job: Job) -> Job:
    return {name: value for name, value in job.items() if value is not None}
