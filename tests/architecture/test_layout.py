"""Every service has the same parts, so whoever has read one service finds the way in all."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.services import SERVICES, Service

from .sources import ROOT

MAIN = '''"""Runs {title} with settings from the environment."""

from runtime.process.run import main, without_needless_libraries

if __name__ == "__main__":
    without_needless_libraries()  # before the imports that would load them
    from {package}.app import run
    from {package}.settings import {settings}

    main(run, {settings})
'''
NEEDED = {"__main__.py", "app.py", "settings.py", "service.py"}
ALLOWED = {"__init__.py", "__pycache__", "py.typed", "ports.py", "domain", "handlers", "adapters"}
OF_ITS_OWN = {
    "gateway": {
        "http",
        "jobs",
        "batches",
        "media",
        "workflows",
        "nodes",
        "usage",
        "users",
        "sessions",
        "webhooks",
        "live",
        "ops",
    },
    "node-agent": {"engines"},
}
"""Parts of one service: folders by subject in the gateway, engines in the node agent."""
TABLES = {"ANSWERS", "SUBSCRIPTIONS", "TICKS"}

services = pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)


def folder_of(service: Service) -> Path:
    return ROOT / "services" / service.name


def package_of(service: Service) -> Path:
    return folder_of(service) / "src" / service.package


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def wrong_parts(service: Service, found: set[str]) -> Iterator[str]:
    """Yield a sentence for each part that is missing or not standard."""
    own = OF_ITS_OWN.get(service.name, set())
    needed = NEEDED | {"migrations"} if service.uses_postgres else NEEDED
    for name in sorted(needed - found):
        yield f"add {name}"
    if service.name == "gateway":
        yield from (f"add the folder {name}/" for name in sorted(own - found))
    elif not {"handlers", "handlers.py"} & found:
        yield "add handlers.py or handlers/"
    for name in sorted(found - needed - ALLOWED - own - {"handlers.py"}):
        yield f"{name} is not a standard part: merge it into one, or decide on it in an ADR"


@services
def test_a_service_has_the_standard_parts_and_no_other(service: Service) -> None:
    package = package_of(service)
    wrong = list(wrong_parts(service, {path.name for path in package.iterdir()}))
    assert not wrong, f"{shown(package)}: " + "; ".join(wrong)
    readme = folder_of(service) / "README.md"
    assert readme.is_file(), f"add {shown(readme)}"


def tables_in(tree: ast.Module) -> set[str]:
    """Return the tables that the module assigns at its top level."""
    found = set[str]()
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case _:
                pass
    return found & TABLES


def partials_in(tree: ast.Module) -> list[int]:
    """Return the lines that call `partial`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if ast.unparse(call.func).split(".")[-1] == "partial"]


@services
def test_app_holds_the_tables_of_the_service(service: Service) -> None:
    path = package_of(service) / "app.py"
    found = tables_in(ast.parse(path.read_text()))
    needed = {"ANSWERS"} if service.subject_word else set[str]()
    assert found >= needed, f"{shown(path)}: declare ANSWERS = {{RequestClass: handler, …}}"
    assert found, f"{shown(path)}: declare ANSWERS, SUBSCRIPTIONS or TICKS at the top level"


@services
def test_app_wires_by_tables_and_not_by_partial(service: Service) -> None:
    path = package_of(service) / "app.py"
    found = [f"{shown(path)}:{line}" for line in partials_in(ast.parse(path.read_text()))]
    assert not found, f"pass the handler in a table instead of partial(…): {', '.join(found)}"


def normalized(text: str) -> str:
    """Return the code with its imports sorted, since their order follows the package's name."""
    tree = ast.parse(text)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    others = [node for node in tree.body if not isinstance(node, ast.ImportFrom)]
    return "\n".join([*sorted(map(ast.unparse, imports)), *map(ast.unparse, others)])


def has_the_one_form(text: str, service: Service) -> bool:
    title = re.match(r'"""Runs (.+) with settings from the environment\."""\n', text)
    settings = re.search(r"import (\w+Settings)\n", text)
    if not title or not settings:
        return False
    expected = MAIN.format(title=title[1], package=service.package, settings=settings[1])
    return normalized(text) == normalized(expected)


@services
def test_main_has_the_one_form(service: Service) -> None:
    path = package_of(service) / "__main__.py"
    expected = MAIN.format(title="…", package=service.package, settings="…Settings")
    assert has_the_one_form(path.read_text(), service), f"{shown(path)} must read:\n{expected}"


MEDIA, GATEWAY = SERVICES["media"], SERVICES["gateway"]
PARTS = NEEDED | {"__init__.py", "migrations", "handlers"}


def test_a_missing_part_and_a_strange_part_are_found() -> None:
    assert list(wrong_parts(MEDIA, PARTS)) == []
    assert list(wrong_parts(MEDIA, PARTS - {"service.py"})) == ["add service.py"]
    assert list(wrong_parts(MEDIA, PARTS - {"handlers"})) == ["add handlers.py or handlers/"]
    [strange] = wrong_parts(MEDIA, PARTS | {"helpers.py"})
    assert strange.startswith("helpers.py is not a standard part")
    [missing] = wrong_parts(GATEWAY, NEEDED | OF_ITS_OWN["gateway"] - {"jobs"})
    assert missing == "add the folder jobs/"


def test_a_partial_and_a_table_are_found() -> None:
    tree = ast.parse("ANSWERS = {A: a}\nTICKS: T = {}\nx = functools.partial(a)\ny = partial(b)")
    assert tables_in(tree) == {"ANSWERS", "TICKS"}
    assert partials_in(tree) == [3, 4]


def test_another_form_of_main_is_found() -> None:
    good = MAIN.format(title="media", package="media", settings="MediaSettings")
    assert has_the_one_form(good, MEDIA)
    assert not has_the_one_form(good + "print('done')\n", MEDIA)
    assert not has_the_one_form(good.replace("main(run,", "main(serve,"), MEDIA)
    assert not has_the_one_form(good.replace("Runs media", "Media"), MEDIA)
