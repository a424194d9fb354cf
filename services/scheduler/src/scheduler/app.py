"""The scheduler's table of contents."""

import asyncpg

from contracts.agent import FinishAttempt
from contracts.scheduler.batches import FindBatch, FindSubmittedBatch, ListBatches
from contracts.scheduler.claims import NodeBeat
from contracts.scheduler.dispatch import FindOverview
from contracts.scheduler.explanations import ExplainJob
from contracts.scheduler.job_requests import (
    FindJobs,
    FindSubmitted,
    FindWork,
    ListJobs,
    ListNeededGraphs,
    SubmitJob,
)
from contracts.scheduler.node_requests import FindNode, ListCapabilities, ListNodes
from contracts.scheduler.nodes import NodeEntry
from contracts.scheduler.timings import FindTimings
from contracts.scheduler.usage import FindUsage
from contracts.services import NODES
from runtime.bus.bucket import Mirror
from runtime.outbox.relay import Relay, relaying
from runtime.postgres.pool import pool
from runtime.postgres.schema import verify
from runtime.process.service import Runtime, cancel_all, running
from runtime.process.tables import (
    AnswerTable,
    Limited,
    SubscriptionTable,
    TickTable,
    serve,
    start_ticks,
)
from scheduler.adapters.bus_agents import BusAgents
from scheduler.adapters.meters import PrometheusMeter
from scheduler.adapters.sql_batch_reader import SqlBatchReader
from scheduler.adapters.sql_job_reader import SqlJobReader
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.adapters.sql_overview_reader import SqlOverviewReader
from scheduler.adapters.sql_retention import SqlRetention
from scheduler.adapters.sql_usage_reader import SqlUsageReader
from scheduler.domain.core import RULES
from scheduler.domain.state import Limits
from scheduler.handlers.batches import find_batch, find_submitted_batch, list_batches
from scheduler.handlers.leader_loop import decide, handle_beat, lead
from scheduler.handlers.node_queries import find_node, list_capabilities, list_nodes
from scheduler.handlers.overview import find_overview
from scheduler.handlers.queries import (
    explain_job,
    find_jobs,
    find_submitted,
    find_work,
    list_jobs,
    list_needed_graphs,
)
from scheduler.handlers.ticks import (
    announce,
    delete_old_jobs,
    delete_old_keys,
    delete_old_usage,
)
from scheduler.handlers.timings import find_timings
from scheduler.handlers.usage import find_usage
from scheduler.service import Scheduler
from scheduler.settings import SchedulerSettings

MOST_IN_HAND = 4_096
MOST_QUERIES = 8
MOST_SUMS = 2

ANSWERS: AnswerTable[Scheduler] = {
    **dict.fromkeys(RULES, decide),
    SubmitJob: Limited(decide, MOST_IN_HAND),
    FinishAttempt: Limited(decide, MOST_IN_HAND),
    FindJobs: Limited(find_jobs, MOST_QUERIES),
    FindSubmitted: Limited(find_submitted, MOST_QUERIES),
    FindWork: Limited(find_work, MOST_QUERIES),
    ListJobs: Limited(list_jobs, MOST_QUERIES),
    ListNeededGraphs: Limited(list_needed_graphs, MOST_SUMS),
    FindNode: Limited(find_node, MOST_QUERIES),
    FindBatch: Limited(find_batch, MOST_QUERIES),
    FindSubmittedBatch: Limited(find_submitted_batch, MOST_QUERIES),
    ListBatches: Limited(list_batches, MOST_QUERIES),
    ExplainJob: Limited(explain_job, MOST_QUERIES),
    ListCapabilities: Limited(list_capabilities, MOST_QUERIES),
    ListNodes: Limited(list_nodes, MOST_QUERIES),
    FindUsage: Limited(find_usage, MOST_SUMS),
    FindTimings: Limited(find_timings, MOST_QUERIES),
    FindOverview: Limited(find_overview, MOST_SUMS),
}
"""Served by the leader only. The core's `RULES` list every command, and `decide` answers it."""
SUBSCRIPTIONS: SubscriptionTable[Scheduler] = {NodeBeat: handle_beat}
TICKS: TickTable[Scheduler] = {
    announce: 1.0,
    delete_old_jobs: 30.0,
    delete_old_keys: 60.0,
    delete_old_usage: 600.0,
}


def build(
    settings: SchedulerSettings,
    runtime: Runtime,
    queries: asyncpg.Pool,
    leader_pool: asyncpg.Pool,
    relay: Relay,
) -> Scheduler:
    bus, published = runtime.bus, Mirror(NODES, NodeEntry, is_owner=True)
    runtime.spawn(published.follow(bus), name="published")
    limits = Limits(
        max_waiting_jobs=settings.max_waiting_jobs,
        max_running_jobs=settings.max_running_jobs,
        max_waiting_jobs_per_owner=settings.max_waiting_jobs_per_owner,
        max_running_jobs_per_owner=settings.max_running_jobs_per_owner,
        node_grace_seconds=settings.node_grace_seconds,
    )
    secret = settings.grant_secret.get_secret_value()
    return Scheduler(
        leadership=SqlLeadership(leader_pool),
        open_ledger=lambda epoch: SqlLedger(leader_pool, relay, epoch, limits, secret),
        open_agents=lambda epoch, put: BusAgents(bus, epoch, secret, put),
        job_reader=SqlJobReader(queries),
        batch_reader=SqlBatchReader(queries),
        usage_reader=SqlUsageReader(queries),
        overview_reader=SqlOverviewReader(queries),
        retention=SqlRetention(queries, settings.keep_jobs_days, settings.keep_usage_days),
        meter=PrometheusMeter(),
        is_connected=lambda: bus.is_connected,
        published=lambda: {entry.node_id: entry for entry in published.entries.values()},
    )


async def run(settings: SchedulerSettings) -> None:
    """Stand by, and lead when no other process does, until told to stop."""
    async with running(settings, "scheduler") as runtime:
        await verify(settings, "scheduler")
        async with (
            pool(settings) as queries,
            open_leader_pool(settings) as leader_pool,
            relaying(runtime, settings) as relay,
        ):
            bus = runtime.bus
            scheduler = build(settings, runtime, queries, leader_pool, relay)
            runtime.health.checks["database"] = scheduler.job_reader.is_there
            leading = lead(
                scheduler, lambda: serve(bus, scheduler, ANSWERS, SUBSCRIPTIONS, shared=False)
            )
            runtime.spawn(leading, name="lead")
            start_ticks(runtime, scheduler, TICKS)
            await runtime.until_stopped()
            await cancel_all(runtime.tasks)  # before their pools are closed
