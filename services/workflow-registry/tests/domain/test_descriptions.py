import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidError
from contracts.scheduler.job_requests import ModelFile
from workflow_registry.domain.coverage import unmet_requirements
from workflow_registry.domain.descriptions import model_pages, read_description, union
from workflow_registry.domain.fleet import Fleet
from workflows import load_version

from ..builders import a_description, a_graph, a_spec  # noqa: TID252  shared by these tests alone

ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["input", "required", "output", "width", "x"]), inner)
    ),
    max_leaves=12,
)


def test_a_description_is_read_as_it_was_written() -> None:
    digest, packed = a_description(models={"loras": ["film.safetensors"]})

    description = read_description(digest, packed)

    assert description.classes.keys() == {"EmptyImage", "SaveImage"}
    assert list(description.models) == [ModelFile(folder="loras", name="film.safetensors")]


def test_models_of_a_server_on_windows_have_slashes() -> None:
    digest, packed = a_description(models={"loras": ["styles\\ink.safetensors"]})

    [model] = read_description(digest, packed).models

    assert model.name == "styles/ink.safetensors"


def test_a_description_of_an_unknown_engine_has_nothing_that_could_be_judged() -> None:
    description = read_description(*a_description(models={"loras": ["a"]}, engine="other"))

    assert not description.is_readable
    assert (dict(description.classes), description.models) == ({}, frozenset())


@pytest.mark.parametrize(
    "packed", [b"", b"junk", zlib.compress(b"{}"), zlib.compress(b"{}" * 99)[:-3]]
)
def test_what_is_not_of_that_digest_is_refused(packed: bytes) -> None:
    with pytest.raises(InvalidError, match="not usable"):
        read_description(a_description()[0], packed)


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    with pytest.raises(InvalidError, match="too big"):
        read_description("0" * 32, zlib.compress(bytes(80 * 1024**2)))


@given(ANYTHING)
def test_whatever_a_custom_node_says_a_workflow_can_be_checked(info: Any) -> None:
    description = read_description(*a_description({"EmptyImage": info, "SaveImage": info}))
    version = load_version(a_spec(), a_graph())

    assert isinstance(unmet_requirements(version.graph, version.spec, description), list)


def test_servers_together_have_what_one_of_them_has() -> None:
    one = read_description(*a_description({"A": {}}, {"loras": ["b", "a"]}))
    two = read_description(*a_description({"B": {}}, {"loras": ["c"], "vae": ["d"]}))

    together = union([one, two])

    assert together.classes.keys() == {"A", "B"}
    pages = model_pages(together.models)
    assert [(page.folder, page.names) for page in pages] == [
        ("loras", ["a", "b", "c"]),
        ("vae", ["d"]),
    ]


def test_classes_that_are_alike_are_kept_once() -> None:
    fleet = Fleet()
    one = fleet.add("1", read_description(*a_description(models={"vae": ["a"]})))
    two = fleet.add("2", read_description(*a_description(models={"vae": ["b"]})))

    assert one.models != two.models
    assert one.classes.keys() == two.classes.keys()
    assert all(one.classes[name] is two.classes[name] for name in one.classes)


def test_a_folder_is_told_whole_in_pages_however_many_files_it_has() -> None:
    names = [f"{number:05}{'x' * 100}" for number in range(10_000)]
    models = [ModelFile(folder="loras", name=name) for name in names]

    pages = model_pages([*models, ModelFile(folder="vae", name="z")])

    assert [name for page in pages for name in page.names] == [*names, "z"]
    assert [(page.folder, page.page) for page in pages] == [
        ("loras", 0),
        ("loras", 1),
        ("loras", 2),
        ("vae", 0),
    ]
    assert all(len(page.model_dump_json().encode()) < 512 * 1024 for page in pages)
