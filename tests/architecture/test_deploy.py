"""Deployment files against the code: what they set exists, and what the code needs is set."""

import os
import re
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.services import SERVICES, ServiceName
from runtime.process.settings import DatabaseSettings, FleetSettings

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
PREFIX = "COMFYFLEET_"
PASSWORDS = "COMFYFLEET_PASSWORDS__"
SHARED = {FleetSettings, DatabaseSettings}


def settings_of(service: ServiceName) -> type[FleetSettings]:
    """The one settings class that the service defines."""
    module = import_module(f"{service.replace('-', '_')}.settings")
    classes = [
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, FleetSettings) and found not in SHARED
    ]
    [settings] = classes
    return settings


def variables(settings: type[FleetSettings], *, required: bool = False) -> set[str]:
    fields = settings.model_fields.items()
    return {PREFIX + name.upper() for name, field in fields if field.is_required() or not required}


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((K8S / name).read_text()))


def container(service: ServiceName) -> dict[str, Any]:
    [deployment] = [d for d in documents(f"{service}.yaml") if d["kind"] == "Deployment"]
    [found] = deployment["spec"]["template"]["spec"]["containers"]
    return found


def settings_map() -> set[str]:
    [found] = documents("settings.yaml")
    return set(found["data"])


def secrets_made() -> dict[str, str]:
    made = subprocess.run(
        [ROOT / "deploy" / "make-secrets"], capture_output=True, text=True, check=True, timeout=20
    )
    return dict(line.split("=", 1) for line in made.stdout.splitlines())


@pytest.mark.parametrize("service", SERVICES)
def test_compose_sets_what_a_service_needs_and_nothing_unknown(
    service: ServiceName,
) -> None:
    given = set(compose()["services"][service]["environment"])
    settings = settings_of(service)
    assert given <= variables(settings)
    assert variables(settings, required=True) <= given
    assert "COMFYFLEET_NATS_PASSWORD" in given
    assert issubclass(settings, DatabaseSettings) == ("COMFYFLEET_DATABASE_URL" in given)


@pytest.mark.parametrize("service", SERVICES)
def test_kubernetes_sets_what_a_service_needs_and_nothing_it_does_not_know(
    service: ServiceName,
) -> None:
    given = {entry["name"] for entry in container(service)["env"]}
    settings = settings_of(service)
    assert given <= variables(settings)
    assert variables(settings, required=True) <= given | settings_map()
    assert issubclass(settings, DatabaseSettings) == ("COMFYFLEET_DATABASE_URL" in given)


def test_the_shared_settings_of_kubernetes_are_known_to_some_service() -> None:
    known = set[str]().union(*(variables(settings_of(service)) for service in SERVICES))
    assert settings_map() <= known


def test_both_give_passwords_for_every_service() -> None:
    wanted = {PASSWORDS + name.replace("-", "_").upper() for name in (*SERVICES, "provisioner")}
    [job] = documents("migrate.yaml")
    [migrate] = job["spec"]["template"]["spec"]["containers"]
    for given in (
        set(compose()["services"]["nats-config"]["environment"]),
        set(compose()["services"]["migrate"]["environment"]),
        {entry["name"] for entry in migrate["env"]},
    ):
        assert {name for name in given if name.startswith(PASSWORDS)} == wanted


def test_every_secret_that_is_used_is_made() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{([A-Z0-9_]+)(?::\?[^}]*)?\}", text))
    for file in K8S.glob("*.yaml"):
        used |= set(
            re.findall(r"secretKeyRef: \{name: comfyfleet, key: ([A-Z0-9_]+)\}", file.read_text())
        )
    made = secrets_made()
    assert used == set(made)
    assert all(len(value) >= 16 for value in made.values())


def test_secrets_are_never_the_same_twice() -> None:
    one, two = secrets_made(), secrets_made()
    values = [*one.values(), *two.values()]
    assert len(set(values)) == len(values) - 1  # but for the administrator's address


def test_every_image_has_its_recipe() -> None:
    services = compose()["services"]
    built = {
        entry["image"]: entry["build"]["dockerfile"]
        for entry in services.values()
        if "build" in entry
    }
    assert all((ROOT / file).is_file() for file in built.values())
    used = {
        entry["image"] for entry in services.values() if entry["image"].startswith("comfyfleet-")
    }
    assert used == set(built)
    [kustomization] = documents("kustomization.yaml")
    assert {image["name"] for image in kustomization["images"]} <= set(built)
    for service in SERVICES:
        assert container(service)["image"] == f"comfyfleet-{service}"


def test_every_manifest_is_part_of_the_base() -> None:
    [kustomization] = documents("kustomization.yaml")
    listed = {*kustomization["resources"], *(patch["path"] for patch in kustomization["patches"])}
    assert listed == {file.name for file in K8S.glob("*.yaml")} - {"kustomization.yaml"}


def test_every_pod_runs_with_the_least_there_is() -> None:
    pods = [
        document["spec"]["template"]["spec"]
        for file in K8S.glob("*.yaml")
        for document in documents(file.name)
        if document["kind"] in ("StatefulSet", "Job") or file.name == "service.patch.yaml"
    ]
    assert len(pods) == 5
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        for each in (*pod["containers"], *pod.get("initContainers", [])):
            assert each["securityContext"]["readOnlyRootFilesystem"]
            assert not each["securityContext"]["allowPrivilegeEscalation"]
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_who_uses_a_server_may_reach_it() -> None:
    for service in SERVICES:
        [deployment] = [d for d in documents(f"{service}.yaml") if d["kind"] == "Deployment"]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        uses_database = issubclass(settings_of(service), DatabaseSettings)
        assert ("comfyfleet/uses-postgres" in labels) == uses_database
        # Presigned URLs are for the gateway and the agent; media makes them.
        assert ("comfyfleet/uses-s3" in labels) == (service in ("media", "gateway", "node-agent"))


def test_the_script_that_makes_secrets_can_be_run() -> None:
    assert os.access(ROOT / "deploy" / "make-secrets", os.X_OK)
