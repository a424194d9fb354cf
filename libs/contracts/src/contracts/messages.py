"""Every message of the fleet: the classes with a subject in these modules."""

from contracts import agent, model_files, node_log, node_queue, spent
from contracts.auth import audit, keys, links, me, roles, sessions, users
from contracts.media import attempts, files, library
from contracts.message import declared_in
from contracts.registry import graphs, presets, requests, workflows
from contracts.scheduler import (
    batches,
    claims,
    dispatch,
    explanations,
    job_changes,
    job_events,
    job_requests,
    node_events,
    node_requests,
    timings,
    usage,
)
from contracts.webhooks import deliveries, endpoints
from contracts.webhooks import jobs as job_webhooks

MODULES = (
    *(sessions, users, keys, audit, roles, me, links),
    *(requests, graphs, presets, job_requests, job_changes, batches, explanations, usage, timings),
    *(node_requests, claims, agent, node_queue, node_log, model_files),
    *(files, library, attempts, job_events, node_events, dispatch, workflows, spent),
    *(endpoints, deliveries, job_webhooks),
)

MESSAGES = tuple(message for module in MODULES for message in declared_in(module))
