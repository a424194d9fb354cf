"""Resolves `use` in a spec against the parameter library, whose definitions workflows share.

Keys beside `use` override the definition. A resolved spec holds a copy of the definition, so a
change of the library affects only later versions.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from workflows.json_values import is_object
from workflows.problems import Problems
from workflows.spec.documents import read_mapping
from workflows.spec.spec import FORMAT

Library = Mapping[str, Mapping[str, Any]]


def read_library(source: str | dict[str, Any]) -> Library:
    """Return the definitions of a library file by name; raise Invalid if it is malformed."""
    return read_text(source) if isinstance(source, str) else definitions_in(source)


@lru_cache(maxsize=4)
def read_text(text: str) -> Library:
    """Read a text once: all workflows of a folder come with the same library."""
    return definitions_in(text)


def definitions_in(source: str | dict[str, Any]) -> Library:
    content = read_mapping(source, "parameter library")
    problems = Problems()
    if content.get("library") != FORMAT:
        problems.add("library", "invalid", f"expected {FORMAT}")
    for key in content.keys() - {"library", "parameters"}:
        problems.add(str(key), "unknown", "unknown key")
    parameters = content.get("parameters", {})
    if not is_object(parameters) or not all(map(is_object, parameters.values())):
        problems.add("parameters", "invalid", "expected a mapping of names to definitions")
    problems.raise_if_any("The parameter library is not valid", code="invalid_library")
    return parameters


def with_library(raw: dict[str, Any], library: Library, problems: Problems) -> dict[str, Any]:
    """Return the raw spec with every `use` replaced by the definition that it names."""
    inputs = raw.get("inputs")
    if not is_object(inputs):
        return raw
    return {
        **raw,
        "inputs": {name: resolved(name, item, library, problems) for name, item in inputs.items()},
    }


def resolved(name: str, item: Any, library: Library, problems: Problems) -> Any:
    if not is_object(item) or "use" not in item:
        return item
    used, own = str(item["use"]), {key: value for key, value in item.items() if key != "use"}
    if used not in library:
        known = ", ".join(sorted(library)) or "nothing"
        message = f"{used!r} is not in the parameter library, which has {known}"
        problems.add(f"inputs.{name}.use", "unknown", message)
        return own
    return {**library[used], **own}
