import json
from typing import Any

import pytest

from contracts.content_types import TEXT
from media.domain.bare import LATENT, form_of, safetensors

TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
NUMBERS = b"\1\2\3\4"


def a_latent(**head: Any) -> bytes:
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + NUMBERS


def stripped(data: bytes) -> bytes:
    return b"".join(safetensors.strip(data))


def test_the_metadata_is_left_out_and_the_numbers_stay() -> None:
    data = a_latent(__metadata__={"prompt": "a secret"}, latent_tensor=TENSOR) + b"a secret"
    kept = stripped(data)
    length = int.from_bytes(kept[:8], "little")

    assert form_of(data) == form_of(kept) == LATENT
    assert json.loads(kept[8 : 8 + length]) == {"latent_tensor": TENSOR}
    assert kept[8 + length :] == NUMBERS
    assert length % 8 == 0


@pytest.mark.parametrize(
    "damaged", [b"\xff\0\0\0\0\0\0\0{}", b"\2\0\0\0\0\0\0\0[]", b"\4" + bytes(7) + b'{"a}']
)
def test_a_damaged_head_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"head|Unterminated"):
        stripped(damaged)


def test_other_files_are_no_latents() -> None:
    assert form_of(b'{"a": 1}') == TEXT
    assert form_of(bytes(64)) is None
