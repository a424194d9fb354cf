"""Uploads, /view, and names that try to leave their folder."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image


def a_png(color: tuple[int, ...] = (200, 40, 40, 128), side: int = 16) -> bytes:
    target = io.BytesIO()
    Image.new("RGBA" if len(color) == 4 else "RGB", (side, side), color).save(target, "PNG")
    return target.getvalue()


def upload(http: httpx.Client, name: str, content: bytes, **fields: str) -> httpx.Response:
    return http.post("/upload/image", files={"image": (name, content, "image/png")}, data=fields)


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_other_bytes_under_a_known_name_get_a_new_name(http: httpx.Client) -> None:
    names = [
        upload(http, "n.png", content).json()["name"]
        for content in (a_png(), a_png(), a_png((1, 2, 3)), a_png((1, 2, 3)), a_png((4, 5, 6)))
    ]
    assert names == ["n.png", "n.png", "n (1).png", "n (1).png", "n (2).png"]
    assert upload(http, "n.png", a_png((9, 9, 9)), overwrite="true").json()["name"] == "n.png"
    assert opened(http.get("/view?filename=n.png&type=input")).getpixel((0, 0)) == (9, 9, 9)


def test_an_upload_goes_to_the_folder_it_names(http: httpx.Client) -> None:
    answer = upload(http, "图 ü.png", a_png(), subfolder="a/b", type="temp")
    assert answer.json() == {"name": "图 ü.png", "subfolder": "a/b", "type": "temp"}
    found = http.get("/view", params={"filename": "图 ü.png", "subfolder": "a/b", "type": "temp"})
    assert found.content == a_png()


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("../../x.png", {}, 400),
        ("/etc/x.png", {}, 400),
        ("x.png", {"subfolder": "../../x"}, 400),
        ("x.png", {"type": "weird"}, 500),
        ("nowhere/x.png", {}, 500),
    ],
)
def test_uploads_cannot_leave_their_folder(
    http: httpx.Client, name: str, fields: dict[str, str], status: int
) -> None:
    assert upload(http, name, a_png(), **fields).status_code == status


def test_an_upload_needs_a_file_in_a_form(http: httpx.Client) -> None:
    assert http.post("/upload/image", json={"image": "x"}).status_code == 400
    assert http.post("/upload/image", files={"file": ("x.png", a_png())}).status_code == 400


VIEWS = [
    "view_annotated_name",
    "view_bad_type",
    "view_default_type_is_output",
    "view_dotdot",
    "view_empty_filename",
    "view_head",
    "view_html_forced_download",
    "view_missing",
    "view_mp4",
    "view_no_filename",
    "view_plain",
    "view_range",
    "view_subfolder_temp",
    "view_subfolder_traversal",
    "view_txt",
    "view_unknown_ext",
]


@pytest.fixture
def viewable(http: httpx.Client) -> httpx.Client:
    upload(http, "pic.png", a_png(), overwrite="true")
    upload(http, "pic.png", a_png(), overwrite="true", type="temp", subfolder="a/b")
    upload(http, "broken.png", b"this is no image!", overwrite="true")
    upload(http, "up.png", a_png(), overwrite="true", type="output")
    for name in ("page.html", "clip.mp4", "data.weird"):
        upload(http, name, b"<script></script>", overwrite="true", type="output")
    upload(http, "note.txt", b"hello", overwrite="true", type="output")
    return http


@pytest.mark.parametrize("name", VIEWS)
def test_files_are_shown_as_recorded(
    viewable: httpx.Client, recorded_http: dict[str, dict[str, Any]], name: str
) -> None:
    recorded = recorded_http[name]
    request = recorded["request"]
    answer = viewable.request(request["method"], request["path"], headers=request.get("headers"))
    assert answer.status_code == recorded["status"]
    if answer.status_code < 400:
        for header in ("Content-Type", "Content-Disposition"):
            assert answer.headers.get(header) == recorded["headers"].get(header)


def test_an_unchanged_file_is_not_sent_again(viewable: httpx.Client) -> None:
    first = viewable.get("/view?filename=pic.png&type=input")
    headers = {"If-None-Match": first.headers["etag"]}
    again = viewable.get("/view?filename=pic.png&type=input", headers=headers)
    assert (again.status_code, again.content) == (304, b"")


def test_pictures_outside_of_the_engines_folders_cannot_be_loaded(http: httpx.Client) -> None:
    for name in ("/etc/hostname", "../../../etc/hostname"):
        graph = {
            "1": {"class_type": "LoadImage", "inputs": {"image": name}},
            "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
        }
        answer = http.post("/prompt", json={"prompt": graph})
        assert answer.status_code == 400
        assert answer.json()["node_errors"]["1"]["errors"][0]["type"] == "custom_validation_failed"


def test_counters_go_on_from_what_lies_in_the_folder(
    http: httpx.Client, run_prompt: Callable[..., dict[str, Any]]
) -> None:
    upload(http, "count_00041_.png", a_png(), type="output", subfolder="c")
    inputs = {"width": 8, "height": 8, "batch_size": 2, "color": 4711}
    graph = {
        "1": {"class_type": "EmptyImage", "inputs": inputs},
        "2": {
            "class_type": "SaveImage",
            "inputs": {"images": ["1", 0], "filename_prefix": "c/count"},
        },
    }
    shown = run_prompt(http, graph)["outputs"]["2"]["images"]
    names = ["count_00042_.png", "count_00043_.png"]
    assert shown == [{"filename": n, "subfolder": "c", "type": "output"} for n in names]
