"""A drained or disabled node finishes its jobs and gets no new one."""

from contracts.scheduler.claims import ClaimNode
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode, DrainNode, ResumeNode
from contracts.scheduler.nodes import NewNode, NodePhase
from contracts.values import new_id
from scheduler.domain.node_entries import node_entry

from .core import OWNER, Core, a_model, attempt_of
from .node_verbs import change, claim, drain, events, resume


def test_a_draining_node_finishes_its_job_and_gets_no_other() -> None:
    core = Core()
    node = core.node()
    running, waiting = core.job(), core.job()
    view = drain(core, node)
    assert (view.phase, view.reason) == (NodePhase.DRAINING, "draining: 1 job not finished yet")
    assert (events(core), core.effects.recalls) == (["NodeDraining"], [])

    core.pass_time(5)
    core.finish(attempt_of(running))
    told = events(core)

    assert (running.status, waiting.status) == (JobStatus.COMPLETED, JobStatus.QUEUED)
    assert "NodeDrained" in told
    assert core.state.nodes[node.id].agent_id is not None
    view = drain(core, node)
    assert (view.phase, view.reason) == (NodePhase.DRAINING, "drained")
    assert not core.effects.events
    assert resume(core, node).phase is NodePhase.READY
    core.pass_time(1)
    assert waiting.status is JobStatus.RUNNING


def test_an_empty_node_is_drained_at_once_and_repetitions_say_nothing() -> None:
    core = Core()
    node = core.node()

    drain(core, node)
    assert events(core) == ["NodeDraining", "NodeDrained"]
    resume(core, node)
    assert events(core) == ["NodeResumed"]
    resume(core, node)
    assert events(core) == []


def test_a_job_that_only_a_draining_node_could_run_waits_and_says_so() -> None:
    core = Core()
    node = core.node(models=[a_model("x")])
    drain(core, node)
    job = core.job(models=[a_model("x")])

    assert job.status is JobStatus.QUEUED
    assert resume(core, node).is_draining is False
    core.pass_time(1)
    assert job.status is JobStatus.RUNNING


def test_a_disabled_node_finishes_its_job_then_no_agent_has_it() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    number = node.claim

    view = change(core, node, is_enabled=False)
    assert (view.phase, view.is_enabled) == (NodePhase.DRAINING, False)
    assert (events(core), core.effects.recalls) == (["NodeDisabled"], [])
    assert node_entry(node, "").is_enabled, "an agent has to finish the job"
    core.pass_time(2)
    core.finish(attempt_of(job))

    assert job.status is JobStatus.COMPLETED
    assert "NodeDrained" in events(core)
    assert (node.agent_id, node.claim) == (None, number + 1)
    assert not node_entry(node, "").is_enabled
    assert core.refusal(ClaimNode(agent_id=new_id(), node_id=node.id)) == "not_found"
    assert "NodeLost" not in core.pass_time(10)


def test_a_job_of_a_disabled_node_outlives_the_agent() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    core.node()  # it is heard all the time
    core.pass_time(2)
    change(core, node, is_enabled=False)
    core.silent.add(node.id)
    core.pass_time(10)

    assert [attempt.job for attempt in claim(core, node).live] == [job]


def test_a_lost_job_of_a_disabled_node_goes_elsewhere_and_the_node_is_let_go() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    other = core.node()
    core.pass_time(2)
    change(core, node, is_enabled=False)
    core.silent.add(node.id)
    core.pass_time(40)

    assert node.agent_id is None
    assert attempt_of(job).node_id == other.id


def test_an_enabled_node_takes_jobs_once_it_is_claimed_again() -> None:
    core = Core()
    node = core.node()
    change(core, node, is_enabled=False)
    assert events(core) == ["NodeDisabled", "NodeDrained"]
    job = core.job()
    assert (job.status, core.state.queue_size) == (JobStatus.QUEUED, 1)

    change(core, node, is_enabled=True)
    assert events(core) == ["NodeEnabled"]
    claim(core, node)
    core.pass_time(1)

    assert job.status is JobStatus.RUNNING


def test_unknown_and_unreadable_nodes_are_refused() -> None:
    core = Core()
    node = core.node()
    for command in (DrainNode, ResumeNode):
        assert core.refusal(command(actor=OWNER, node_id=new_id())) == "not_found"
        node.is_readable = False
        assert core.refusal(command(actor=OWNER, node_id=node.id)) == "node_unreadable"


def test_a_node_can_be_added_draining_and_is_described_first() -> None:
    core = Core()
    new = NewNode(name="n", base_url="http://10.0.0.7:8188", is_draining=True)
    node_id = new_id()
    core.ask(AddNode(actor=OWNER, node_id=node_id, node=new))
    node = core.state.nodes[node_id]
    claim(core, node)
    core.report(node, models=[], vram_mb=1)
    core.pass_time(1)

    assert core.job().status is JobStatus.QUEUED
    assert drain(core, node).phase is NodePhase.DRAINING
    resume(core, node)
    core.pass_time(1)
    assert node.attempts
