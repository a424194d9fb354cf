"""Reads jobs for answers, and waits for the end of one if asked to."""

from uuid import UUID

from contracts.access import Actor
from contracts.errors import NotFoundError, OperationError, UnavailableError
from contracts.scheduler.job_requests import FindJobs
from contracts.scheduler.jobs import JobStatus, JobView
from gateway.http.problems import RefusedError
from gateway.jobs.resources import Job, JobGraph, job_resource
from gateway.service import Gateway
from workflows import render
from workflows.compatibility.unmet import with_graph_nodes


async def find_job(gateway: Gateway, actor: Actor, job_id: UUID) -> JobView:
    page = await gateway.bus.call(FindJobs(actor=actor, job_ids=[job_id]))
    if not page.items:
        raise NotFoundError("there is no such job")
    return page.items[0]


async def wait_for_end(gateway: Gateway, view: JobView, seconds: float) -> JobView:
    """Return the job when it has ended, or as it is when the time is up.

    The job is accepted already: if waiting fails, the answer is still the job.
    """
    newest = view
    try:
        with gateway.hub.listening(view.owner_id, view.id) as listener:
            newest = await gateway.loader.load(view.id) or view
            if newest.status.is_terminal:
                return newest
            await listener.wait_for_end(seconds)
        return await gateway.loader.load(view.id) or newest
    except (RefusedError, UnavailableError):
        return newest


async def job_in_detail(gateway: Gateway, view: JobView, reader: Actor) -> Job:
    """Return the job with what only its workflow's version tells."""
    view = await add_graph_nodes_to_unmet(gateway, view)
    return job_resource(gateway.signer, view, reader, await empty_outputs(gateway, view))


async def empty_outputs(gateway: Gateway, view: JobView) -> list[str]:
    """Return the outputs of the workflow for which the completed job made nothing."""
    if view.status is not JobStatus.COMPLETED:
        return []
    try:
        version = await gateway.catalog.of_job(view.workflow)
    except OperationError:  # the version is gone
        return []
    made = {output.name for output in view.outputs}
    return [name for name, _ in version.spec.outputs_in_order if name not in made]


async def job_graph(gateway: Gateway, view: JobView) -> JobGraph:
    """Render the graph once more, as the gateway did at submission and agents do."""
    try:
        version = await gateway.catalog.of_job(view.workflow)
    except NotFoundError as error:
        message = f"{view.workflow}, which the job runs, is gone"
        raise NotFoundError(message, code="version_gone") from error
    graph = render(version.graph, version.spec, view.inputs)
    return JobGraph(workflow=view.workflow, graph=graph)


async def add_graph_nodes_to_unmet(gateway: Gateway, view: JobView) -> JobView:
    """Add to each unmet requirement the graph node and input that it comes from."""
    if not view.unmet:
        return view
    try:
        version = await gateway.catalog.of_job(view.workflow)
        rendered = render(version.graph, version.spec, view.inputs)
    except OperationError:  # the version is gone; the requirements are known without it
        return view
    return view.model_copy(update={"unmet": with_graph_nodes(view.unmet, rendered, version.spec)})
