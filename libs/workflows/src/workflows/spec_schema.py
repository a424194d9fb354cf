"""JSON Schema of spec files themselves: editors that find it in `$schema` complete and check."""

from typing import Any

from workflows.schema import DIALECT
from workflows.spec import Spec

USE = {"type": "string", "description": "Takes a definition from the parameter library."}


def spec_schema() -> dict[str, Any]:
    """What a file may say: as the model, and `use`, which is resolved before the model sees it."""
    schema = Spec.model_json_schema()
    item: dict[str, Any] = schema["$defs"]["InputSpec"]
    item["properties"]["use"] = USE
    del item["required"]  # `use` brings a type along
    item["anyOf"] = [{"required": ["type"]}, {"required": ["use"]}]
    schema["properties"]["$schema"] = {"type": "string", "description": "This schema's address."}
    return {"$schema": DIALECT, **schema, "title": "ComfyFleet workflow spec"}
