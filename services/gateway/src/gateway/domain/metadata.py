"""Who finds the prompt and the graph inside of results, where ComfyUI writes them."""

from typing import Literal, TypeAlias

from contracts.access import Actor, Permission
from workflows import Spec

Rule: TypeAlias = Literal["permitted", "keep", "strip"]


def is_bare(rule: Rule, spec: Spec, actor: Actor) -> bool:
    """Results lose them: the workflow's word counts before the fleet's rule."""
    wanted = spec.metadata or rule
    return wanted == "strip" or (wanted == "permitted" and not actor.may(Permission.GRAPHS_READ))
