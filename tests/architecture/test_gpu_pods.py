"""Holds the pod of ComfyUI and an agent to what every service's pod has, and to the settings."""

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
