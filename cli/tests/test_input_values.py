from pathlib import Path
from typing import Any

import pytest

from comfyfleet import CommandError
from comfyfleet.input_values import FileInput, parse


def a_schema(**types: str) -> dict[str, Any]:
    return {"properties": {name: {"x-comfyfleet-type": kind} for name, kind in types.items()}}


def test_values_get_the_type_that_the_workflow_wants() -> None:
    schema = a_schema(prompt="text", steps="integer", cfg="number", tiled="boolean", seed="seed")
    words = ["prompt=2 doors = red", "steps=20", "cfg=7.5", "tiled=yes", "seed=random"]
    assert parse(words, schema) == {
        "prompt": "2 doors = red",
        "steps": 20,
        "cfg": 7.5,
        "tiled": True,
        "seed": "random",
    }


def test_a_text_of_digits_stays_text() -> None:
    assert parse(["prompt=123"], a_schema(prompt="text")) == {"prompt": "123"}


def test_files_are_marked_for_upload_and_masks_know_their_picture(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.touch()
    schema = a_schema(image="image", mask="mask")
    schema["properties"]["mask"]["x-comfyfleet-of"] = "image"
    found = parse([f"mask=@{photo}", f"image=@{photo}"], schema)
    assert found["mask"] == FileInput(photo, "mask", "mask", "image")
    assert found["image"] == FileInput(photo, "image", "image")


def test_media_that_is_already_there_is_named_by_its_id() -> None:
    media_id = "01920000-0000-7000-8000-000000000000"
    assert parse([f"image={media_id}"], a_schema(image="image")) == {"image": {"media": media_id}}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("steps", "name=value"),
        ("stepz=4", "no input “stepz”. It has: steps, tiled, image"),
        ("tiled=perhaps", "tiled is true or false"),
        ("image=@/no/such.png", "there is no file"),
        ("image=photo.png", "write `image=@photo.png` to send the file"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(word: str, said: str) -> None:
    schema = a_schema(steps="integer", tiled="boolean", image="image")
    with pytest.raises(CommandError) as caught:
        parse([word], schema)
    assert said in str(caught.value)
