import pytest

from contracts.errors import InvalidError
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import NewNode, NodeView
from contracts.values import new_id

from .core import OWNER, Core


def adding(**fields: object) -> AddNode:
    given = {"name": "n", "base_url": "http://10.0.0.7:8188"} | fields
    return AddNode(actor=OWNER, node_id=new_id(), node=NewNode.model_validate(given))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "host"),
        ("a", "host"),
        ("ftp://a", "http or https"),
        ("http://", "host"),
        ("http://[a", "URL"),
        ("http://u:p@a", "credentials"),
        ("http://:p@a", "credentials"),
        ("http://a:99999", "port"),
        ("http://a:0", "port"),
        ("http://a/?b", "query"),
        ("http://a\r\nb", "visible"),
        ("http://a b", "visible"),
        ("http://ä", "visible"),
    ],
)
def test_a_url_where_no_comfyui_can_be_is_refused_with_the_reason(url: str, reason: str) -> None:
    refused = Core().ask(adding(base_url=url))

    assert isinstance(refused, InvalidError)
    assert refused.code == "bad_url"
    assert reason in refused.errors[0].message


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("X-Key", "a\r\nEvil: b", "headers.X-Key"),
        ("X-Key", "a\0", "headers.X-Key"),
        ("X-Key", " a", "headers.X-Key"),
        ("X-Key", "ä", "headers.X-Key"),
        ("X-Key", "a" * 5_000, "headers.X-Key"),
        ("X Key", "a", "headers"),
        ("X\r\nKey", "a", "headers"),
        ("", "a", "headers"),
        ("Content-Length", "1", "headers"),
        ("Transfer-encoding", "chunked", "headers"),
    ],
)
def test_headers_that_no_request_can_have_are_refused(name: str, value: str, path: str) -> None:
    answer = Core().ask(adding(headers={name: value}))

    assert isinstance(answer, InvalidError)
    assert [problem.path for problem in answer.errors] == [path]


def test_headers_of_a_proxy_are_kept() -> None:
    headers = {"Authorization": "Bearer a.b-c=", "X-Empty": "", "CF-Access-Client-Id": "x y"}
    core = Core()
    core.ask(adding(headers=headers))

    assert [node.settings.headers for node in core.state.nodes.values()] == [headers]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("http://10.0.0.7:8188/", "http://10.0.0.7:8188"),
        ("http://localhost:8188", "http://127.0.0.1:8188"),
        ("http://[::1]:8188", "http://localhost:8188"),
        ("http://gpu", "http://GPU:80"),
    ],
)
def test_one_server_is_added_once(first: str, again: str) -> None:
    core = Core()
    core.ask(adding(base_url=first))

    assert core.refusal(adding(base_url=again)) == "node_exists"


def test_two_nodes_may_share_a_name_but_no_path_of_one_host() -> None:
    core = Core()
    core.ask(adding(base_url="http://proxy/gpu-1"))

    assert isinstance(core.ask(adding(base_url="http://proxy/gpu-2")), NodeView)


def test_an_engine_that_no_agent_has_is_refused_with_the_names_of_the_known_ones() -> None:
    refused = Core().ask(adding(engine="diffusers"))

    assert isinstance(refused, InvalidError)
    assert refused.code == "unknown_engine"
    assert [(error.path, error.code, error.message) for error in refused.errors] == [
        ("engine", "not_a_choice", "expected one of comfyui")
    ]
