"""Sends the requests that the commands need to a fleet's public API."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import stamina
from httpx_sse import EventSource, ServerSentEvent
from pydantic import BaseModel

from comfyfleet import CommandError
from comfyfleet.client.errors import UNAUTHORIZED, AwayError, UnreachableError, api_error
from comfyfleet.client.submission import REJECT, REPEAT
from contracts.media.files import MediaView
from contracts.scheduler.jobs import JobView
from contracts.scheduler.node_requests import NodePage
from contracts.scheduler.nodes import NodeView

# The fleet sends a comment every 10 s on an open stream.
STREAM_SILENCE_SECONDS = 30.0
PATIENCE_SECONDS = 30.0
"""A process that ended is back much sooner. A fleet that never answered is not waited for."""
Answer = TypeVar("Answer", bound=BaseModel)


class TokenPair(BaseModel):
    access_token: str
    refresh_token: str | None = None


class Renewal(httpx.Auth):
    """Repeats a request once if its access token has expired and `renew` returns a new one."""

    def __init__(self, renew: Callable[[], str | None]) -> None:
        self._renew = renew

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        answer = yield request
        if answer.status_code == UNAUTHORIZED and (token := self._renew()):
            request.headers["Authorization"] = f"Bearer {token}"
            yield request


class FleetClient:
    """A client of one fleet for one account. Each failure is a `CommandError` that names its cause.

    After `log_in`, an expired access token is renewed once for each request. What can be repeated
    without harm is repeated for PATIENCE_SECONDS once the fleet has answered before.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url, headers=headers, timeout=30.0, auth=Renewal(self._renew)
        )
        self._refresh_token: str | None = None
        self._has_answered = False

    def close(self) -> None:
        self._http.close()

    def log_in(self, email: str, password: str) -> str:
        """Exchange a password for an access token, which this client uses from now on."""
        form = {"username": email, "password": password}
        return self._use(self.call("POST", "/v1/auth/token", data=form))

    def _use(self, answer: httpx.Response) -> str:
        tokens = TokenPair.model_validate_json(answer.content)
        self._http.headers["Authorization"] = f"Bearer {tokens.access_token}"
        self._refresh_token = tokens.refresh_token
        return tokens.access_token

    def _renew(self) -> str | None:
        if self._refresh_token is None:
            return None
        body = {"refresh_token": self._refresh_token}
        fresh = self._http.post("/v1/auth/refresh", json=body, auth=httpx.Auth())
        return self._use(fresh) if fresh.is_success else None

    def inputs_schema(self, workflow: str) -> dict[str, Any]:
        return self.call("GET", f"/v1/workflows/{workflow}/schema").json()

    def upload(self, path: Path, kind: str, *, key: str | None = None, **form: str) -> MediaView:
        """Send a file; for a mask, `form` names its picture, the workflow and the input."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            with path.open("rb") as file:
                form["kind"] = kind
                sent: dict[str, Any] = {"data": form, "files": {"file": (path.name, file)}}
                return self.ask(MediaView, "POST", "/v1/media", headers=headers, **sent)
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}") from error

    def find_job(self, job_id: UUID) -> JobView:
        return self.ask(JobView, "GET", f"/v1/jobs/{job_id}")

    def cancel(self, job_id: UUID) -> JobView:
        return self.ask(JobView, "POST", f"/v1/jobs/{job_id}/cancel")

    def find_media(self, media_id: UUID) -> MediaView:
        return self.ask(MediaView, "GET", f"/v1/media/{media_id}")

    def save(self, media_id: UUID, path: Path) -> None:
        """Write the content to `path`, all of it or nothing."""
        draft = path.with_name(f"{path.name}.part")
        for attempt in self._patience():
            content = self.stream(f"/v1/media/{media_id}/content")
            with attempt, content as response, draft.open("wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
        draft.replace(path)

    def nodes(self) -> list[NodeView]:
        return self.ask(NodePage, "GET", "/v1/nodes").items

    def add_node(self, name: str, base_url: str, labels: dict[str, str]) -> NodeView:
        body = {"name": name, "base_url": base_url, "labels": labels}
        return self.ask(NodeView, "POST", "/v1/nodes", json=body)

    def remove_node(self, node_id: UUID) -> None:
        self.call("DELETE", f"/v1/nodes/{node_id}")

    def job_events(self, job_id: UUID, last_id: str | None) -> Iterator[ServerSentEvent]:
        """Yield the events of a job until its stream ends; resume after `last_id`."""
        headers = {"Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": last_id} if last_id else {}
        with self.stream(f"/v1/jobs/{job_id}/events", headers) as response:
            # A retry hint or a comment alone has no data.
            yield from (event for event in EventSource(response).iter_sse() if event.data)

    def ask(self, answer: type[Answer], method: str, path: str, **request: Any) -> Answer:
        return answer.model_validate_json(self.call(method, path, **request).content)

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = request.get("headers", {})
        # a rejected repeat of our own could not be told from a rejected first request
        is_created_once = "Idempotency-Key" in headers and headers.get(REPEAT) != REJECT
        if method not in ("GET", "PUT") and not is_created_once:
            return self._send(method, path, **request)
        for attempt in self._patience():
            with attempt:
                return self._send(method, path, **request)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        with self._reachable():
            response = self._http.request(method, path, **request)
        self._has_answered = True
        if not response.is_success:
            raise api_error(response)
        return response

    def _patience(self) -> Iterable[stamina.Attempt]:
        return stamina.retry_context(
            self._may_pass, attempts=None, timeout=PATIENCE_SECONDS, wait_initial=0.2, wait_max=2.0
        )

    def _may_pass(self, error: Exception) -> bool:
        is_back_soon = isinstance(error, UnreachableError) and self._has_answered
        return is_back_soon or isinstance(error, AwayError)

    @contextmanager
    def stream(
        self, path: str, headers: dict[str, str] | None = None
    ) -> Generator[httpx.Response, None, None]:
        timeout = httpx.Timeout(30.0, read=STREAM_SILENCE_SECONDS)
        opened = self._http.stream("GET", path, headers=headers, timeout=timeout)
        with self._reachable(), opened as response:
            if not response.is_success:
                response.read()
                raise api_error(response)
            yield response

    @contextmanager
    def _reachable(self) -> Generator[None, None, None]:
        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise CommandError(f"{self.url} is not the address of a fleet: {error}") from error
        except httpx.TransportError as error:
            raise UnreachableError(
                f"The fleet at {self.url} does not answer ({type(error).__name__}). "
                "Is it up? See `comfyfleet status`."
            ) from error
