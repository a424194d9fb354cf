"""Says what to do about a node that cannot work: a remedy for each reason that lasts.

The reasons are texts of the node's agent (`trouble.py` and `probe.py` of its engine, `managed.py`)
and of the scheduler (`availability.py`, `health.py`); a test holds them to this list. A reason may
end in words of a server's log or of a graph, so only its beginning counts.
"""

import re
import shlex
from collections.abc import Iterator

from contracts.scheduler.nodes import NodePhase, NodeView

AT = r"(?:\S*://\S* )?"
"""The address of the server, with which an agent begins what it knows of the connection."""
SET = "`comfyfleet nodes set {name}"
LOG = "`comfyfleet nodes log {name}` if its agent runs it, else ComfyUI's own log"
DOCTOR = "run `comfyfleet doctor {url}` on the agent's machine"
REPAIR = f"See {LOG}, and restart ComfyUI; the node works again once a trial succeeds."
REMEDIES = tuple(
    (re.compile(beginning), remedy)
    for beginning, remedy in (
        (
            f"{AT}refuses the connection",
            "Start ComfyUI there; for an agent on another machine with `--listen`, since else it "
            f"listens to its own machine alone. {SET} --url URL` corrects the address.",
        ),
        (
            f"{AT}has a name that nobody knows",
            f"Give a name or an address that the agent's machine knows: {SET} --url URL`.",
        ),
        (
            f"{AT}has a certificate that is not trusted",
            f"Give the certificate of its authority: {SET} --ca-file FILE`.",
        ),
        (f"{AT}does not speak TLS", f"Give its address with http://: {SET} --url URL`."),
        (f"{AT}is no address", f"Give an address like http://10.0.0.7:8188: {SET} --url URL`."),
        (
            rf"{AT}answers \d+: something in front of ComfyUI",
            "A proxy asks for a login. Give what it wants to see: "
            f"{SET} --header 'Authorization: Bearer TOKEN'`.",
        ),
        (
            rf"{AT}answers(, but not as ComfyUI does| \d+ to /)",
            "Another program listens there, or a proxy answers: give ComfyUI's own address "
            f"({SET} --url URL`), or {DOCTOR}.",
        ),
        (f"{AT}runs ComfyUI ", "Update ComfyUI there, and restart it."),
        (
            f"{AT}needs engine ",
            "Start an agent that has this engine, or remove the node and add it again.",
        ),
        (
            f"{AT}(the engine )?(does not answer|cannot be reached|broke off|has not answered yet)",
            f"Look for a firewall between, and into ComfyUI's log; {DOCTOR}.",
        ),
        (
            "no agent of pool .* on machine ",
            "Start an agent with COMFYFLEET_POOL={pool} on machine {machine} (its name there is "
            "COMFYFLEET_MACHINE, else the host's). A wrong machine cannot be changed: "
            "`comfyfleet nodes remove {name}`, and add it again.",
        ),
        (
            "no agent of pool ",
            "Start an agent with COMFYFLEET_POOL={pool}, or choose the pool of one that runs: "
            f"{SET} --pool POOL`.",
        ),
        ("nothing is heard of its agent", "Look whether its agent runs, and into its log."),
        (
            "its agent does not know yet what the server can run",
            f"A custom node may break /object_info: see ComfyUI's log; {DOCTOR}.",
        ),
        (
            "a trial (has to succeed|failed)",
            f"A small prompt without a model has to run there: see ComfyUI's log; {DOCTOR}.",
        ),
        (
            "its server (died|starts again, after it )",
            "It is started again by itself, later each time. `comfyfleet nodes log {name}` shows "
            "why it ends; correct COMFYFLEET_COMFYUI_COMMAND of its agent, or ComfyUI there.",
        ),
        (
            "its warm-up with ",
            "See `comfyfleet nodes log {name}`; correct COMFYFLEET_WARM_UP_WORKFLOW of its agent, "
            "or bring what the workflow needs.",
        ),
        (
            "ComfyUI answers but runs nothing|the engine answers but executes nothing",
            f"Restart ComfyUI: only that ends it. See {LOG}.",
        ),
        (
            "the same server as node ",
            "`comfyfleet nodes remove {name}` removes this one; or give it an address of its own: "
            f"{SET} --url URL`.",
        ),
        ("jobs of different workflows failed on it in a row", REPAIR),
        (
            "its row in the database cannot be read",
            "`comfyfleet nodes remove {name}` removes it.",
        ),
        (
            "full of prompts from elsewhere",
            f"Let more be beside a job: {SET} --max-queue N`.",
        ),
        ("disabled", "`comfyfleet nodes enable {name}` lets agents have it again."),
        ("drain(ed|ing)", "`comfyfleet nodes resume {name}` lets it take jobs again."),
    )
)


def remedies_of(node: NodeView) -> Iterator[str]:
    """Yield what an operator may do; nothing if the node's reason is known to pass, or unknown."""
    reason = node.reason or ""
    found = (remedy for beginning, remedy in REMEDIES if beginning.match(reason))
    # the reason of a quarantine may be the fault of a job, in the words of its graph nodes
    remedy = next(found, REPAIR if node.phase is NodePhase.QUARANTINED else None)
    if remedy:
        yield remedy.format(
            name=shlex.quote(node.name),
            url=shlex.quote(node.base_url),
            pool=node.pool,
            machine=node.machine,
        )
