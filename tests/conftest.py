"""One whole fleet with the preview engine, shared by all tests that need one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from comfyfleet.testing import ADMIN_EMAIL, LocalFleet, local_fleet


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFleet]:
    folder = tmp_path_factory.mktemp("fleet")
    trace_file = folder / "traces.jsonl"
    with local_fleet(
        folder / "home",
        COMFYFLEET_TRACE_RATIO="1",
        COMFYFLEET_TRACE_FILE=str(trace_file),
        COMFYFLEET_PREVIEW_TEST_CLASSES="true",
        COMFYFLEET_MODELS_DIR=str(folder / "home" / "preview-engine" / "models"),
        COMFYFLEET_MODELS_FROM_PRIVATE_HOSTS="true",
        COMFYFLEET_RECEIVER_NETWORKS="127.0.0.0/8",
        COMFYFLEET_RECEIVER_SECONDS="3",
    ) as running:
        yield running


@pytest.fixture(scope="session")
def token(fleet: LocalFleet) -> str:
    form = {"username": ADMIN_EMAIL, "password": fleet.secrets.admin_password}
    answer = httpx.post(f"{fleet.url}/v1/auth/token", data=form, timeout=10)
    return answer.json()["access_token"]


@pytest.fixture(scope="session")
def admin(fleet: LocalFleet) -> Iterator[httpx.Client]:
    """One client for all tests: a login for each would exceed the limit of an address."""
    with fleet.http() as client:
        yield client


@pytest.fixture
def api(admin: httpx.Client) -> httpx.Client:
    """The public API as the admin; answers come as they are, also refusals."""
    admin.cookies.clear()
    return admin


@pytest.fixture
def trace_file(fleet: LocalFleet) -> Path:
    return Path(fleet.environment["COMFYFLEET_TRACE_FILE"])
