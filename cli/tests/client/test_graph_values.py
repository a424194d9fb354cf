import json
from pathlib import Path
from typing import Any

import pytest

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.graph_values import read_graph, set_values


def a_graph() -> dict[str, Any]:
    return {
        "3": {"class_type": "KSampler", "inputs": {"seed": 1, "sampler_name": "euler"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox"}},
    }


def test_words_change_values_in_their_own_types(client: FleetClient) -> None:
    graph = a_graph()
    set_values(client, graph, ["3.seed=7", "6.text=42", "3.denoise=0.5", "3.sampler_name=a=b"])
    assert graph["3"]["inputs"] == {"seed": 7, "sampler_name": "a=b", "denoise": 0.5}
    assert graph["6"]["inputs"] == {"text": "42"}


@pytest.mark.parametrize("word", ["3.seed", "seed=7", "4.seed=7"])
def test_a_word_that_names_no_place_is_one_clear_sentence(client: FleetClient, word: str) -> None:
    with pytest.raises(CommandError, match="graph node"):
        set_values(client, a_graph(), [word])


@pytest.mark.parametrize("content", ["[1]", "{", None])
def test_a_file_without_a_graph_is_one_clear_sentence(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "graph.json"
    if content:
        path.write_text(content)
    with pytest.raises(CommandError, match=r"graph\.json"):
        read_graph(path)


def test_a_graph_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(a_graph()))
    assert read_graph(path) == a_graph()
