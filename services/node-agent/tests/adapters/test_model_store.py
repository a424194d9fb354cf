"""Model files come from the S3 store that the settings name, by addresses that the agent signs."""

from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from minio import Minio
from pydantic import SecretStr

from contracts.access import Actor
from contracts.errors import OperationError
from contracts.model_files import FetchModel, ModelOrigin
from contracts.values import new_id
from node_agent.app import models_in
from node_agent.domain.transfers import Transfer
from node_agent.settings import NodeAgentSettings
from runtime.testing.servers import S3Server

CONTENT = bytes(range(256)) * 10_000


def a_transfer(url: str) -> Transfer:
    origin, actor = ModelOrigin(url=url), Actor(user_id=new_id())
    return Transfer(
        FetchModel(actor=actor, node_id=new_id(), folder="vae", name="a.ckpt", origin=origin)
    )


async def fetch(folder: Path, url: str, **more: Any) -> None:
    settings = NodeAgentSettings(nats_password=SecretStr(""), models_dir=folder, **more)
    async with httpx.AsyncClient() as client:
        models = models_in(settings, client)
        assert models
        await models.fetch(a_transfer(url))


async def test_a_model_comes_from_the_store_of_the_settings(s3: S3Server, tmp_path: Path) -> None:
    client = Minio(s3.endpoint, s3.access_key, s3.secret_key, secure=False, region=s3.region)
    client.put_object(s3.bucket, "node-agent/mödel.ckpt", BytesIO(CONTENT), len(CONTENT))
    store: dict[str, Any] = {
        "models_s3_endpoint": s3.endpoint,
        "models_s3_access_key": s3.access_key,
        "models_s3_secret_key": SecretStr(s3.secret_key),
        "models_s3_region": s3.region,
        "models_s3_secure": False,
    }
    await fetch(tmp_path, f"s3://{s3.bucket}/node-agent/mödel.ckpt", **store)

    assert (tmp_path / "vae/a.ckpt").read_bytes() == CONTENT
    with pytest.raises(OperationError, match="answers 404"):
        await fetch(tmp_path / "more", f"s3://{s3.bucket}/node-agent/nothing", **store)
    wrong = store | {"models_s3_secret_key": SecretStr("wrong")}
    with pytest.raises(OperationError, match="answers 403"):
        await fetch(tmp_path / "more", f"s3://{s3.bucket}/node-agent/nothing", **wrong)


async def test_without_a_store_the_refusal_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="COMFYFLEET_MODELS_S3_ENDPOINT"):
        await fetch(tmp_path, "s3://bucket/key")
