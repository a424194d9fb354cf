"""Packages, lint rules, workspace and images follow from `contracts/services.py`.

A new service is declared there. Each test names the place that does not know it yet.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest

from contracts.services import SERVICES, Service

from .sources import ROOT, tracked

LIBRARIES = {"contracts", "runtime", "workflows"}
PROGRAMS = {"preview_engine", "comfyfleet"}
OUTER_MAKE = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
PACKAGES = {service.package for service in SERVICES.values()}
DISTRIBUTIONS = packages_distributions()

services = pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)


def toml(path: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / path).read_text())


def contract(words: str) -> dict[str, Any]:
    """Return the import-linter contract whose name has these words."""
    contracts = toml("pyproject.toml")["tool"]["importlinter"]["contracts"]
    [found] = [one for one in contracts if words in one["name"]]
    return found


def in_layers(layers: Iterable[str]) -> set[str]:
    return {name.strip(" ()") for layer in layers for name in layer.split("|")}


def test_import_rules_cover_every_service() -> None:
    linter = toml("pyproject.toml")["tool"]["importlinter"]
    assert set(linter["root_packages"]) == PACKAGES | LIBRARIES | PROGRAMS
    layers = in_layers(contract("never each other")["layers"])
    assert layers == PACKAGES | LIBRARIES | PROGRAMS
    containers = {*contract("dependencies point at the domain")["containers"]}
    containers |= {*contract("Inside the gateway")["containers"]}
    assert containers == PACKAGES
    assert set(contract("Only the bus")["source_modules"]) == PACKAGES


def test_the_domain_of_every_service_is_held_pure() -> None:
    folders = (ROOT / "services").glob("*/src/*/domain")
    domains = {f"{folder.parent.name}.domain" for folder in folders if any(folder.glob("*.py"))}
    pure = set(contract("The domain is pure")["source_modules"])
    engines = {name for name in pure if ".engines." in name}
    assert pure - engines == domains
    assert engines, "the rules of an engine are pure too"


def test_folders_workspace_and_makefile_have_the_same_members() -> None:
    members = toml("pyproject.toml")["tool"]["uv"]["workspace"]["members"]
    workspace = {str(path.relative_to(ROOT)) for glob in members for path in ROOT.glob(glob)}
    workspace = {name for name in workspace if (ROOT / name / "pyproject.toml").is_file()}
    libraries = {f"libs/{name}" for name in LIBRARIES}
    assert workspace == {f"services/{name}" for name in SERVICES} | libraries | {
        "cli",
        "preview-engine",
    }
    # Under `make test` an outer make would pass on its options, and its "Entering directory" lines.
    environment = {name: value for name, value in os.environ.items() if name not in OUTER_MAKE}
    printed = subprocess.run(
        ["make", "--eval", "members: ; @echo $(MEMBERS)", "members"],  # noqa: S607
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout
    assert set(printed.split()) == workspace


@services
def test_the_pyproject_of_a_service_has_its_names(service: Service) -> None:
    project = toml(f"services/{service.name}/pyproject.toml")
    assert project["project"]["name"] == f"comfyfleet-{service.name}"
    assert project["tool"]["uv"]["build-backend"]["module-name"] == service.package
    uses_workflows = "comfyfleet-workflows" in project["project"]["dependencies"]
    assert uses_workflows == service.uses_workflows


def normalized(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def installed_with(requirements: Iterable[str]) -> set[str]:
    """Return these distributions and all that they require, as an image gets them."""
    found, left = set[str](), [normalized(one) for one in requirements]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            try:
                left += map(normalized, requires(name) or [])
            except PackageNotFoundError:  # for another platform, or an extra
                found.discard(name)
    return found


def imported(folder: Path) -> set[str]:
    """Return the top-level packages that the code in `folder` imports."""
    found = set[str]()
    for path in tracked(".py"):
        if folder in path.parents:
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Import(names=names):
                        found |= {name.name.partition(".")[0] for name in names}
                    case ast.ImportFrom(module=str(module), level=0):
                        found.add(module.partition(".")[0])
                    case _:
                        pass
    return found - set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "member", [*(f"services/{name}" for name in SERVICES), "cli", "preview-engine"]
)
def test_an_image_holds_all_that_its_code_imports(member: str) -> None:
    project = toml(f"{member}/pyproject.toml")
    own = project["tool"]["uv"]["build-backend"]["module-name"]
    known = installed_with(project["project"]["dependencies"])
    for name in imported(ROOT / member / "src") - {own}:
        owners = {f"comfyfleet-{name}"} if name in LIBRARIES else set(DISTRIBUTIONS.get(name, []))
        owners = {normalized(owner) for owner in owners}
        assert owners & known, f"add the distribution of {name} to {member}/pyproject.toml"
