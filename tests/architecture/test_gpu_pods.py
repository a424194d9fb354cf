"""Holds the pod of ComfyUI and an agent to what every service's pod has, and to the settings."""

import re

import yaml

from .sources import ROOT
from .test_deploy import documents, settings_map, settings_of, variables


def test_a_pod_with_a_gpu_is_an_agent_that_adds_its_own_node() -> None:
    [stateful_set] = documents("gpu-node.yaml")
    template, (patch,) = stateful_set["spec"]["template"], documents("service.patch.yaml")
    agent, comfyui = template["spec"]["containers"]
    common = patch["spec"]["template"]
    for key, value in common["spec"]["containers"][0].items():
        assert agent[key] == value, key
    assert common["metadata"]["labels"].items() <= template["metadata"]["labels"].items()
    given = {entry["name"]: entry for entry in agent["env"]}
    assert given.keys() <= variables(settings_of("node-agent"))
    assert variables(settings_of("node-agent"), required=True) <= given.keys() | settings_map()
    machine = given["COMFYFLEET_MACHINE"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert machine == "metadata.name"
    assert given["COMFYFLEET_ANNOUNCE_URLS"]["value"].startswith("http://127.0.0.1:")
    assert (agent["image"], stateful_set["spec"]["replicas"]) == ("comfyfleet-node-agent", 0)
    assert comfyui["resources"]["limits"] == {"nvidia.com/gpu": 1}


def test_the_number_of_pods_is_set_by_an_overlay_since_each_apply_sets_it_anew() -> None:
    [stateful_set] = documents("gpu-node.yaml")
    texts = [file.read_text() for file in (ROOT / "deploy").rglob("*") if file.is_file()]
    assert not [text for text in texts if re.search(r"kubectl\b.*\bscale\b", text)]
    advised = re.findall(r"replicas: (\[\{.*\}\])", "\n".join(texts))
    assert advised
    assert all(
        yaml.safe_load(each)[0].keys() == {"name", "count"}
        and yaml.safe_load(each)[0]["name"] == stateful_set["metadata"]["name"]
        for each in advised
    )
