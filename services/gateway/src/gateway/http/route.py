"""A route class for hot endpoints: FastAPI documents them and reads their parameters.

FastAPI's solver makes some 140 function calls for one dependency (measured), and `POST /v1/jobs`
has five. `HotRoute` calls dependencies by itself, in the order of the signature.
"""

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, get_args

from fastapi import Request, Response
from fastapi.dependencies.utils import get_dependant
from fastapi.params import Depends
from fastapi.routing import APIRoute, get_request_handler


class HotRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return get_request_handler(
            dependant=get_dependant(path=self.path_format, call=lean(self.endpoint)),
            status_code=self.status_code,
            response_class=self.response_class,
            response_field=self.response_field,
        )


def lean(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return the endpoint as a function that solves its dependencies itself."""
    parameters = inspect.signature(endpoint).parameters.values()
    solved = {one.name: found for one in parameters if (found := dependency(one.annotation))}
    kept = [one for one in parameters if one.name not in solved]

    async def call(http_request: Request, **values: Any) -> Any:
        for name, solve in solved.items():
            values[name] = await solve(http_request)
        return await endpoint(**values)

    request = inspect.Parameter(
        "http_request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request
    )
    call.__signature__ = inspect.Signature([request, *kept])
    return call


def dependency(annotation: Any) -> Callable[[Request], Awaitable[Any]] | None:
    """Return the dependency of a parameter; it takes the request and has defaults for the rest."""
    for mark in get_args(annotation):
        if isinstance(mark, Depends):
            return mark.dependency
    return None
