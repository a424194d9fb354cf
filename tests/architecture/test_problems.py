"""Every code that a service can raise is a problem type with a title, or never leaves."""

import ast
from collections.abc import Iterator
from pathlib import Path

from contracts.errors import KINDS
from gateway.http.problem_types import PROBLEMS, TITLES
from gateway.http.statuses import GENERIC, STATUS_OF_CODE, STATUS_OF_KIND

ROOT = Path(__file__).parents[2]
AGENTS = "node-agent"
NOT_RAISED = {"FieldError", "JobError"}
"""Take a `code` too: of one field, or of a job that failed."""
INSIDE = {
    "no_machine": "agents alone announce nodes",
    "bug": "said as `unavailable`",
    "bad_answer": "agents answer orders",
    "invalid_manifest": "a file of the installation",
    "bad_page": "agents describe servers",
    "page_missing": "agents describe servers",
    "digest_mismatch": "agents describe servers",
    "object_missing": "handled by media",
    "bad_grant": "agents show grants",
    "grant_expired": "agents show grants",
    "result_repeated": "agents record results",
    "unsafe_graph": "agents seal graphs",
    "stale_claim": "agents claim nodes",
    "claimed": "agents claim nodes",
}
"""Codes that no caller of the gateway gets, and why."""


def raised(tree: ast.Module) -> Iterator[str]:
    for found in ast.walk(tree):
        match found:
            case ast.ClassDef(name=name) if name.endswith("Error"):
                yield from codes_of_class(found)
            case ast.Call():
                yield from codes_of_call(found)
            case ast.FunctionDef(args=arguments):
                yield from defaults(arguments)
            case _:
                pass


def codes_of_class(found: ast.ClassDef) -> Iterator[str]:
    for line in found.body:
        match line:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                yield code
            case _:
                pass


def codes_of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    match name, call.args:
        case "RefusedError", [
            ast.Constant(value=int()) | ast.Name(),
            ast.Constant(value=str(code)),
            *_,
        ]:
            yield code
        case _:
            pass
    for keyword in call.keywords:
        if keyword.arg == "code" and name not in NOT_RAISED:
            yield from texts(keyword.value)


def defaults(arguments: ast.arguments) -> Iterator[str]:
    """Of a helper's parameter `code`."""
    named = [*arguments.args[-len(arguments.defaults) :], *arguments.kwonlyargs]
    values = [*arguments.defaults, *arguments.kw_defaults]
    for parameter, value in zip(named, values, strict=False):
        if parameter.arg == "code" and value:
            yield from texts(value)


def texts(value: ast.expr) -> Iterator[str]:
    """Each text of the expression; `a or b` has two."""
    for part in ast.walk(value):
        match part:
            case ast.Constant(value=str(code)):
                yield code
            case _:
                pass


ANSWERING = {"models.py", "transfers.py"}
"""Files of agents that answer the gateway; all others answer the scheduler alone."""


def all_raised() -> dict[str, str]:
    """Code → a file that raises it, of all that can answer the gateway."""
    files = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("libs/*/src/**/*.py")]
    return {
        code: str(path.relative_to(ROOT))
        for path in files
        if "testing" not in path.parts and (AGENTS not in path.parts or path.name in ANSWERING)
        for code in raised(ast.parse(path.read_text()))
    }


def test_every_code_has_a_title_or_stays_inside() -> None:
    unknown = {code: path for code, path in all_raised().items() if code not in TITLES}
    assert {code: path for code, path in unknown.items() if code not in INSIDE} == {}


def test_no_title_is_for_a_code_that_nobody_raises() -> None:
    known = all_raised().keys() | GENERIC.values()
    assert TITLES.keys() - known == set()
    assert INSIDE.keys() - known == set()
    assert STATUS_OF_CODE.keys() <= TITLES.keys()


def test_a_code_is_listed_under_the_status_that_it_gets() -> None:
    statuses = {error.__name__: STATUS_OF_KIND[kind] for kind, error in KINDS.items()}
    for path in (*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("libs/*/src/**/*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and (status := statuses.get(ast.unparse(call.func))):
                for code in {*codes_of_call(call)} & TITLES.keys():
                    assert code in PROBLEMS[STATUS_OF_CODE.get(code, status)], (path, code)
