"""Every handler of `app.py` is `async def verb(service: Service, message: Message) -> Answer`."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from typing import Any

import pytest

from contracts.message import Message, Request, Signal
from contracts.scheduler.claims import SchedulerLed
from contracts.scheduler.job_requests import FindJobs
from contracts.scheduler.jobs import JobList
from contracts.services import SERVICES, Service
from runtime.process.tables import Limited

Handler = Callable[..., Any]

services = pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)


def dataclass_of(service: Service) -> type:
    """Return the service's dataclass; it is named after the package or the subjects' word."""
    names = (service.package, service.subject_word or "")
    spelled = ["".join(word[:1].upper() + word[1:] for word in each.split("_")) for each in names]
    module = import_module(f"{service.package}.service")
    found = [getattr(module, each) for each in spelled if hasattr(module, each)]
    assert found, f"{service.package}/service.py: define the dataclass {spelled[0]}"
    return found[0]


def handlers_of(service: Service) -> Iterator[tuple[type[Message] | None, Handler]]:
    """Yield message class, or None for a tick, and handler."""
    app = import_module(f"{service.package}.app")
    for table in ("ANSWERS", "SUBSCRIPTIONS"):
        for message, entry in getattr(app, table, {}).items():
            yield message, entry.handler if isinstance(entry, Limited) else entry
    for tick in getattr(app, "TICKS", {}):
        yield None, tick


def is_or_inherits(found: object, wanted: object) -> bool:
    """Return whether an annotation is a class, or one that inherits from it."""
    generic = getattr(wanted, "__pydantic_generic_metadata__", {}).get("origin")
    wanted = generic or wanted
    return isinstance(found, type) and isinstance(wanted, type) and issubclass(found, wanted)


def wrong(handler: Handler, first: type, message: type[Message] | None) -> Iterator[str]:
    """Yield a sentence for each rule that the handler breaks."""
    if not inspect.iscoroutinefunction(handler):
        yield "write `async def`"
    signature = inspect.signature(handler, eval_str=True)
    parameters = list(signature.parameters.values())
    if len(parameters) != (2 if message else 1):
        yield "take the service and the message, and nothing else"
        return
    if parameters[0].annotation is not first or parameters[0].name not in first.__name__.lower():
        yield f"take `{first.__name__}` first, and call it so"
    if message:
        yield from wrong_message(parameters[1], message)
    answer = message.answer() if message and issubclass(message, Request) else None
    returned = signature.return_annotation
    if returned is not answer and not is_or_inherits(answer, returned):
        yield f"return `{answer.__name__ if answer else None}`"


def wrong_message(parameter: inspect.Parameter, message: type[Message]) -> Iterator[str]:
    if parameter.name != message.message_kind:
        yield f"call the message `{message.message_kind}`"
    if not is_or_inherits(message, parameter.annotation):
        yield f"annotate `{message.message_kind}: {message.__name__}`"


@services
def test_every_handler_has_the_one_form(service: Service) -> None:
    own = dataclass_of(service)
    found: list[str] = []
    for message, handler in handlers_of(service):
        name = f"{handler.__module__}.{handler.__name__}"
        found += [f"{name}: {text}" for text in wrong(handler, own, message)]
    assert not found, "\n".join(found)


@services
def test_the_first_argument_is_a_frozen_dataclass(service: Service) -> None:
    own = dataclass_of(service)
    assert is_dataclass(own)
    parameters = getattr(own, "__dataclass_params__")  # noqa: B009  a name that type checkers do not know
    assert parameters.frozen, f"freeze {own.__name__}"


@dataclass(frozen=True)
class Shop:
    """A service of these tests."""


async def good(shop: Shop, query: FindJobs) -> JobList: ...
async def good_tick(shop: Shop) -> None: ...
async def good_signal(shop: Shop, signal: SchedulerLed) -> None: ...
def not_async(shop: Shop, query: FindJobs) -> JobList: ...
async def other_order(query: FindJobs, shop: Shop) -> JobList: ...
async def other_names(it: Shop, request: FindJobs) -> JobList: ...
async def other_answer(shop: Shop, query: FindJobs) -> None: ...
async def other_message(shop: Shop, query: SchedulerLed) -> JobList: ...
async def one_more(shop: Shop, query: FindJobs, more: int = 1) -> JobList: ...


@pytest.mark.parametrize(
    ("handler", "message", "count"),
    [
        (good, FindJobs, 0),
        (good_tick, None, 0),
        (good_signal, SchedulerLed, 0),
        (not_async, FindJobs, 1),
        (other_order, FindJobs, 3),
        (other_names, FindJobs, 2),
        (other_answer, FindJobs, 1),
        (other_message, FindJobs, 1),
        (one_more, FindJobs, 1),
    ],
)
def test_another_form_is_found(
    handler: Handler, message: type[Signal] | type[Request[Any]] | None, count: int
) -> None:
    assert len(list(wrong(handler, Shop, message))) == count
