import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.domain.bare.glb import little, strip

NUMBERS = little(4) + b"BIN\0" + b"\1\2\3\4"


def a_glb(scene: Any, rest: bytes = NUMBERS) -> bytes:
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    return (
        b"glTF" + little(2) + little(20 + len(text) + len(rest)) + little(len(text)) + b"JSON"
        + text + rest
    )  # fmt: skip


def a_scene(**asset: Any) -> dict[str, Any]:
    shapes = {"targetNames": ["smile"]}
    return {"asset": {"version": "2.0", **asset}, "meshes": [{"name": "head", "extras": shapes}]}


def test_prompt_and_graph_are_gone_and_the_scene_stays() -> None:
    scene = a_scene(extras={"prompt": "a secret", "workflow": {}})
    scene["scenes"] = [{"nodes": [0], "extras": {"prompt": "a secret"}}]
    scene["meshes"][0]["extras"]["prompt"] = "a secret"
    data = a_glb(scene, NUMBERS + little(8) + b"TEXTa secret")
    bare = b"".join(strip(data + b"<script>"))
    size = int.from_bytes(bare[12:16], "little")
    assert b"secret" not in bare
    assert json.loads(bare[20 : 20 + size]) == a_scene() | {"scenes": [{"nodes": [0]}]}
    assert bare[20 + size :] == NUMBERS
    assert int.from_bytes(bare[8:12], "little") == len(bare)
    assert size % 4 == 0


def test_what_is_bare_already_stays_as_it_is() -> None:
    assert b"".join(strip(a_glb(a_scene()))) == a_glb(a_scene())


@pytest.mark.parametrize("scene", [[], {}, {"asset": 3}, "x", None])
def test_a_scene_without_its_asset_is_refused(scene: Any) -> None:
    with pytest.raises(ValueError, match="damaged"):
        list(strip(a_glb(scene)))


def test_deep_nesting_and_what_is_cut_short_are_refused() -> None:
    deep = b"[" * 100_000
    head = b"glTF" + little(2) + little(20 + len(deep)) + little(len(deep)) + b"JSON"
    with pytest.raises(ValueError, match=r"\w"):
        list(strip(head + deep))
    for length in (0, 4, 11, 19, 40, -1):
        with pytest.raises(ValueError, match=r"\w"):
            list(strip(a_glb(a_scene())[:length]))


@given(st.binary())
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        list(strip(b"glTF" + little(2) + noise))
