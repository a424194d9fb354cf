"""One function decides for scheduler and registry whether a server has what a graph requires."""

from contracts.scheduler.job_requests import ModelFile, Requirements
from contracts.scheduler.requirements import lacking, unmet_names

LORA, VAE = ModelFile(folder="loras", name="a"), ModelFile(folder="vae", name="b")


def test_a_server_lacks_nothing_if_nothing_is_unmet() -> None:
    required = Requirements(classes=frozenset({"A"}), models=frozenset([LORA]))
    more = Requirements(classes=frozenset({"A", "B"}), models=frozenset([LORA, VAE]))

    assert lacking(more, required) == ([], [])
    assert unmet_names(more, required) == []
    assert lacking(required, more) == (["B"], [VAE])
    assert [(entry.kind, entry.name) for entry in unmet_names(required, more)] == [
        ("class", "B"),
        ("model", "vae/b"),
    ]
