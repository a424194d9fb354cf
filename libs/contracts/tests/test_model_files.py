"""Names and addresses of model files are bounded before anything touches a disk."""

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.model_files import FileName, Folder, ModelOrigin

HASH = "0" * 64


@pytest.mark.parametrize("name", ["base.safetensors", "sd xl/ö (v1).ckpt", "a" * 200, "a,b+c'd.pt"])
def test_names_of_files_are_kept(name: str) -> None:
    assert TypeAdapter(FileName).validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "/etc/passwd", "../a", "a/../b", "a/./b", "a//b", "a/", ".hidden", "a/.b", "~/a"),
        *("a\\b", "C:a", "a\0b", "a\nb", "a\x7fb", "a\u202eb", "a ", " a", "a /b", "a*", "a?b"),
        *("ä" * 101, "a/" * 250 + "ab"),
    ],
)
def test_names_that_lead_elsewhere_or_nowhere_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(FileName).validate_python(name)


@pytest.mark.parametrize("folder", ["", "..", "a/b", "Loras", "a.b", "a" * 65, "a\n"])
def test_folders_are_single_words(folder: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Folder).validate_python(folder)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://host/a", "https://", "https://h/a b", "https://h/\n", "a"),
        "http://host/without-hash",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        ModelOrigin(url=url)


def test_a_hash_vouches_for_what_came_without_tls() -> None:
    assert ModelOrigin(url="http://host/a", sha256=HASH).sha256 == HASH
    for wrong in ("0" * 63, "Z" * 64, "A" * 64, f"{HASH}\n"):
        with pytest.raises(ValidationError):
            ModelOrigin(url="https://host/a", sha256=wrong)
