from node_agent.engines.comfyui.capabilities import describe


def test_a_digest_follows_from_what_is_there_and_not_from_its_order() -> None:
    one = describe("1", {"B": {}, "A": {}}, {"vae": ["y", "x"], "custom_nodes": ["z"]})
    two = describe("1", {"A": {}, "B": {}}, {"custom_nodes": [], "vae": ["x", "y"]})

    assert one == two
    assert one.capabilities.digest != describe("1", {"A": {}}, {}).capabilities.digest


def test_models_of_a_server_on_windows_are_reported_with_slashes() -> None:
    found = describe("1", {}, {"loras": ["styles\\ink.safetensors"]})

    assert [model.name for model in found.capabilities.models] == ["styles/ink.safetensors"]


def test_a_digest_does_not_follow_uploaded_files_and_does_follow_choices() -> None:
    def digest(files: list[str], choices: list[str]) -> str:
        inputs = {"image": [files, {"image_upload": True}], "crop": ["COMBO", {"options": choices}]}
        info = {"Mine": {"input": {"required": inputs}}}
        return describe("1", info, {}).capabilities.digest

    assert digest(["a.png"], ["on"]) == digest(["a.png", "b.png"], ["on"])
    assert digest(["a.png"], ["on"]) != digest(["a.png"], ["on", "off"])
