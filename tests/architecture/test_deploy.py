"""Holds deployment files against the code: they set what the code needs and nothing unknown.

Services, their needs and their ports are declared once, in `contracts/services.py`.
"""

import os
import re
import subprocess
from importlib import import_module
from typing import Any

import pytest
import yaml

from contracts.services import SERVICES, ServiceName
from runtime.process.settings import DatabaseSettings, FleetSettings, GrantSettings

from .sources import ROOT

K8S = ROOT / "deploy" / "k8s"
PREFIX = "COMFYFLEET_"
PASSWORDS = "COMFYFLEET_PASSWORDS__"
SHARED = {FleetSettings, DatabaseSettings, GrantSettings}
FOLLOW_PRESIGNED_URLS = ("gateway", "node-agent")
"""Reach S3 by URLs that media has signed."""


def settings_of(service: ServiceName) -> type[FleetSettings]:
    """Return the one settings class that the service defines."""
    module = import_module(f"{SERVICES[service].package}.settings")
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


def pod(service: ServiceName) -> dict[str, Any]:
    [deployment] = [d for d in documents(f"{service}.yaml") if d["kind"] == "Deployment"]
    return deployment["spec"]["template"]


def container(service: ServiceName) -> dict[str, Any]:
    [found] = pod(service)["spec"]["containers"]
    return found


def dockerfile() -> str:
    return (ROOT / "deploy" / "Dockerfile").read_text()


def test_every_service_is_deployed_everywhere() -> None:
    kinds = [d for file in K8S.glob("*.yaml") for d in documents(file.name)]
    patch = "any"
    deployments = {d["metadata"]["name"] for d in kinds if d["kind"] == "Deployment"} - {patch}
    assert deployments == set(SERVICES)
    built = [entry.get("build", {}).get("args", {}) for entry in compose()["services"].values()]
    assert sorted(args["SERVICE"] for args in built if args) == sorted(SERVICES)
    assert set(re.findall(r"^FROM base AS image-(\S+)$", dockerfile(), re.MULTILINE)) == set(
        SERVICES
    )


def test_the_command_brings_the_migrations_of_every_service_that_has_some() -> None:
    installed = re.findall(r"\./services/([a-z-]+)", dockerfile())
    assert set(installed) == {s.name for s in SERVICES.values() if s.uses_postgres}


@pytest.mark.parametrize("service", SERVICES)
def test_the_declared_needs_are_those_of_the_settings(service: ServiceName) -> None:
    settings, declared = settings_of(service), SERVICES[service]
    assert issubclass(settings, DatabaseSettings) == declared.uses_postgres
    assert ("s3_endpoint" in settings.model_fields) == declared.uses_s3


def test_grants_are_signed_and_verified_with_one_required_secret() -> None:
    assert [s for s in SERVICES if issubclass(settings_of(s), GrantSettings)] == [
        s for s in SERVICES if "grant_secret" in settings_of(s).model_fields
    ]
    assert GrantSettings.model_fields["grant_secret"].is_required()


@pytest.mark.parametrize("service", SERVICES)
def test_a_setting_that_is_a_measure_names_its_unit_and_an_upper_bound_is_a_max(
    service: ServiceName,
) -> None:
    units = ("_seconds", "_days", "_per_second", "_per_minute", "_ratio")
    for name, field in settings_of(service).model_fields.items():
        assert field.annotation is not float or name.endswith(units), name
        assert not name.startswith(("most_", "largest_", "longest_")), name


@pytest.mark.parametrize("service", SERVICES)
def test_health_and_metrics_are_on_the_declared_port(service: ServiceName) -> None:
    port = SERVICES[service].ops_port
    assert compose()["services"][service]["environment"]["COMFYFLEET_OPS_PORT"] == str(port)
    assert f":{port}/readyz" in str(compose()["services"][service]["healthcheck"]["test"])
    assert f"COMFYFLEET_OPS_PORT={port}" in dockerfile()
    assert f"127.0.0.1:{port}/healthz" in dockerfile()
    [shared] = documents("settings.yaml")
    assert shared["data"]["COMFYFLEET_OPS_PORT"] == str(port)
    [patch] = documents("service.patch.yaml")
    template = patch["spec"]["template"]
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    assert {"name": "ops", "containerPort": port} in template["spec"]["containers"][0]["ports"]
    [policy] = [d for d in documents("network.yaml") if d["metadata"]["name"] == "ops"]
    assert policy["spec"]["ingress"][0]["ports"] == [{"port": port}]


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
    assert ("COMFYFLEET_DATABASE_URL" in given) == SERVICES[service].uses_postgres
    assert ("COMFYFLEET_S3_ENDPOINT" in given) == SERVICES[service].uses_s3


@pytest.mark.parametrize("service", SERVICES)
def test_kubernetes_sets_what_a_service_needs_and_nothing_it_does_not_know(
    service: ServiceName,
) -> None:
    given = {entry["name"] for entry in container(service)["env"]}
    settings = settings_of(service)
    assert given <= variables(settings)
    assert variables(settings, required=True) <= given | settings_map()
    assert ("COMFYFLEET_DATABASE_URL" in given) == SERVICES[service].uses_postgres


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
    built = {entry["image"]: entry["build"] for entry in services.values() if "build" in entry}
    assert {build["dockerfile"] for build in built.values()} == {"deploy/Dockerfile"}
    for image, build in built.items():
        name = image.removeprefix("comfyfleet-")
        assert build.get("args") == {"SERVICE": name} or build.get("target") == name
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", dockerfile(), re.MULTILINE))
    assert {build["target"] for build in built.values() if "target" in build} <= stages
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
    assert len(pods) == 6
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        for each in (*pod["containers"], *pod.get("initContainers", [])):
            if each["name"] != "comfyui":  # it writes below its own folder
                assert each["securityContext"]["readOnlyRootFilesystem"]
            assert not each["securityContext"]["allowPrivilegeEscalation"]
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_who_uses_a_server_may_reach_it() -> None:
    for service in SERVICES.values():
        labels = pod(service.name)["metadata"]["labels"]
        assert ("comfyfleet/uses-postgres" in labels) == service.uses_postgres
        reaches_s3 = service.uses_s3 or service.name in FOLLOW_PRESIGNED_URLS
        assert ("comfyfleet/uses-s3" in labels) == reaches_s3


def test_the_script_that_makes_secrets_can_be_run() -> None:
    assert os.access(ROOT / "deploy" / "make-secrets", os.X_OK)
