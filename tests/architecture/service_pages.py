"""Writes the tables of messages and settings in the READMEs, and `docs/reference/settings.md`.

`make fix` runs it as `python -m tests.architecture.service_pages`.
"""

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from contracts.services import SERVICES, Service
from runtime.process.settings import DatabaseSettings, FleetSettings

from .sources import ROOT

SETTINGS = "| variable | default | meaning |\n|---|---|---|\n"
MESSAGES = "| message | purpose |\n|---|---|\n"
TABLE = r"(?<=^## {}\n\n)(\|.*\n)+"
"""The first table of a section."""
LONG = 60
SHARED = """# Settings that services share

Made from `runtime/process/settings.py` by `make fix`; do not edit. Every service reads
these variables; its README has a table of its own.

{}
Services with a database read these too:

{}"""


def settings_of(service: Service) -> type[BaseSettings]:
    """Return the service's settings: the last class that its `settings.py` defines."""
    module = import_module(f"{service.package}.settings")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, BaseSettings)
        and value.__module__ == module.__name__
    ]
    return found[-1]


def own_fields(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Return the fields that the service adds or changes."""
    shared: dict[str, FieldInfo] = FleetSettings.model_fields | DatabaseSettings.model_fields
    return {
        name: field
        for name, field in settings.model_fields.items()
        if name not in shared or field.description != shared[name].description
    }


def shown(default: Any) -> str:
    """Return a default as a reader would write it."""
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default is None or default == "":
        return ""
    if len(str(default)) > LONG:
        return "see `settings.py`"
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def settings_table(fields: dict[str, FieldInfo]) -> str:
    rows = (
        (name.upper(), "required" if field.is_required() else shown(field.default), field)
        for name, field in fields.items()
    )
    return SETTINGS + "".join(
        f"| `COMFYFLEET_{name}` | {default} | {field.description} |\n"
        for name, default, field in rows
    )


def first_sentence(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def messages_table(service: Service) -> str:
    """Return a row for each message that the service handles, and for each tick."""
    app = import_module(f"{service.package}.app")
    messages = (*getattr(app, "ANSWERS", ()), *getattr(app, "SUBSCRIPTIONS", ()))
    rows = [(f"`{message.__name__}`", first_sentence(message)) for message in messages]
    for tick, seconds in getattr(app, "TICKS", {}).items():
        rows.append((f"tick `{tick.__name__}`, {seconds:g} s", first_sentence(tick)))
    return MESSAGES + "".join(f"| {name} | {purpose} |\n" for name, purpose in rows)


def with_tables(service: Service, text: str) -> str:
    """Return the README's text with current tables."""
    settings = settings_table(own_fields(settings_of(service)))
    for heading, table in (("Messages", messages_table(service)), ("Settings", settings)):
        text = re.sub(TABLE.format(heading), lambda _, table=table: table, text, flags=re.MULTILINE)
    return text


def shared_page() -> str:
    fleet, database = FleetSettings.model_fields, DatabaseSettings.model_fields
    more = {name: field for name, field in database.items() if name not in fleet}
    return SHARED.format(settings_table(fleet), settings_table(more))


def readme_of(service: Service) -> Path:
    return ROOT / "services" / service.name / "README.md"


def pages() -> dict[Path, str]:
    """Return each page with its current text."""
    readmes = {service: readme_of(service) for service in SERVICES.values()}
    found = {path: with_tables(service, path.read_text()) for service, path in readmes.items()}
    return found | {ROOT / "docs" / "reference" / "settings.md": shared_page()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
