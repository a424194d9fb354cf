"""Says what to do about a node that cannot work: a remedy for each reason that lasts.

The reasons are texts of the node's agent (`trouble.py` of its engine) and of the scheduler
(`availability.py`); a test holds them to this list.
"""

import re
import shlex
from collections.abc import Iterator

from contracts.scheduler.nodes import NodeView

SET = "`comfyfleet nodes set {name}"
DOCTOR = "run `comfyfleet doctor {url}` on the agent's machine"
REMEDIES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (
            "nobody listens there",
            "Start ComfyUI there; for an agent on another machine with `--listen`, since else it "
            f"listens to its own machine alone. {SET} --url URL` corrects the address.",
        ),
        (
            "has a name that nobody knows",
            f"Give a name or an address that the agent's machine knows: {SET} --url URL`.",
        ),
        (
            "certificate that is not trusted",
            f"Give the certificate of its authority: {SET} --ca-file FILE`.",
        ),
        ("does not speak TLS", f"Give its address with http://: {SET} --url URL`."),
        ("is no address", f"Give an address like http://10.0.0.7:8188: {SET} --url URL`."),
        (
            "refuses the agent",
            "A proxy asks for a login. Give what it wants to see: "
            f"{SET} --header 'Authorization: Bearer TOKEN'`.",
        ),
        (
            r"not as ComfyUI does|answers \d+ to /",
            "Another program listens there, or a proxy answers: give ComfyUI's own address "
            f"({SET} --url URL`), or {DOCTOR}.",
        ),
        (
            r"does not answer|cannot be reached|broke off",
            f"Look for a firewall between, and into ComfyUI's log; {DOCTOR}.",
        ),
        (
            "no agent .*has claimed it",
            "Start an agent with COMFYFLEET_POOL={pool}, on its machine if it names one, or choose "
            f"the pool of one that runs: {SET} --pool POOL`.",
        ),
        ("nothing is heard of its agent", "Look whether its agent runs, and into its log."),
        (
            "does not know yet what the server can run",
            f"A custom node may break /object_info: see ComfyUI's log; {DOCTOR}.",
        ),
        (
            "a trial (has to succeed|failed)",
            f"A small prompt without a model has to run there: see ComfyUI's log; {DOCTOR}.",
        ),
        ("repair it, or remove the node", "`comfyfleet nodes remove {name}` removes it."),
        (
            "full of prompts from elsewhere",
            f"Let more be beside a job: {SET} --max-queue N`.",
        ),
    )
)


def remedies_of(node: NodeView) -> Iterator[str]:
    """Yield what an operator may do; nothing if the node's reason is known to pass, or unknown."""
    name, url = shlex.quote(node.name), shlex.quote(node.base_url)
    for pattern, remedy in REMEDIES:
        if pattern.search(node.reason or ""):
            yield remedy.format(name=name, url=url, pool=node.pool)
            return
