from uuid import uuid4

import pytest

from contracts.access import Actor, Permission
from gateway.jobs.submission import MetadataRule, strips_prompt_and_graph
from workflows import Spec

READER = Actor(user_id=uuid4(), permissions=frozenset({Permission.GRAPHS_READ}))
USER = Actor(user_id=uuid4())


@pytest.mark.parametrize(
    ("word", "rule", "of_user", "of_reader"),
    [
        (None, "permitted", True, False),
        (None, "keep", False, False),
        (None, "strip", True, True),
        ("keep", "strip", False, False),
        ("strip", "keep", True, True),
    ],
)
def test_the_workflows_word_counts_before_the_rule(
    word: str | None, rule: MetadataRule, *, of_user: bool, of_reader: bool
) -> None:
    spec = Spec.model_validate({"spec": "comfyfleet/v1", "name": "sky", "metadata": word})
    assert strips_prompt_and_graph(rule, spec, USER) == of_user
    assert strips_prompt_and_graph(rule, spec, READER) == of_reader
