"""Sessions over HTTP: log in, refresh, log out, who am I."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from contracts.auth import EndSession, FindUser, IssueToken, RefreshToken, TokenView, UserView
from gateway.domain.problems import RefusedError
from gateway.domain.requests import LoginForm, RefreshRequest
from gateway.ports import Owners
from gateway.routes.admission import Admission
from gateway.routes.answers import NO_STORE, json_answer, problems, reads, shows
from gateway.routes.reading import (
    content_type,
    malformed,
    parse_json,
    read_bytes,
    refuse_nul,
    validated,
)

COOKIE = "comfyfleet_refresh"
COOKIE_PATH = "/v1/auth/refresh"
FORM = "application/x-www-form-urlencoded"


class Tokens(BaseModel):
    """A new pair of tokens."""

    access_token: str = Field(description="For `Authorization: Bearer`.")
    token_type: Annotated[str, Field(pattern="^bearer$")] = Field(
        default="bearer", description="`bearer`"
    )
    expires_in: int = Field(description="Seconds the access token is good for.")
    refresh_token: str = Field(description="Good for one use at `/v1/auth/refresh`.")


@dataclass(frozen=True, slots=True)
class SessionRoutes:
    admission: Admission
    owners: Owners
    origins: frozenset[str]
    prefix: str

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1", tags=["session"])
        answers = {**shows(Tokens), **problems(401, 415, 422, 503)}
        open_to_all: dict[str, Any] = {"security": []}
        router.add_api_route(
            "/auth/token",
            self.log_in,
            methods=["POST"],
            summary="Log in with a password",
            responses=answers,
            openapi_extra=reads(LoginForm, FORM) | open_to_all,
        )
        router.add_api_route(
            "/auth/refresh",
            self.refresh,
            methods=["POST"],
            summary="Exchange a refresh token for new tokens",
            description="The refresh token comes in the body or in the cookie; with the cookie, "
            "`Origin` must be the gateway's own.",
            responses={**answers, **problems(403)},
            openapi_extra=reads(RefreshRequest, required=False) | open_to_all,
        )
        router.add_api_route(
            "/auth/logout",
            self.log_out,
            methods=["POST"],
            status_code=204,
            summary="End the session of a refresh token",
            responses=problems(415, 422, 503),
            openapi_extra=reads(RefreshRequest, required=False) | open_to_all,
        )
        router.add_api_route(
            "/me",
            self.me,
            summary="Who am I, and what may I do",
            responses={**shows(UserView), **problems(401, 503)},
        )
        return router

    async def log_in(self, request: Request) -> Response:
        self.admission.admit_login(request)
        form = await read_form(request)
        command = IssueToken(username=form.username, password=form.password)
        return self._answer(await self.owners.call(command, within=10.0), request)

    async def refresh(self, request: Request) -> Response:
        self.admission.admit_login(request)
        token = await self._refresh_token(request)
        if token is None:
            raise RefusedError(401, "bad_refresh_token", "there is no refresh token")
        command = RefreshToken(refresh_token=token)
        return self._answer(await self.owners.call(command), request)

    async def log_out(self, request: Request) -> Response:
        token = await self._refresh_token(request)
        if token:
            await self.owners.call(EndSession(refresh_token=token))
        answer = Response(status_code=204, headers=NO_STORE)
        answer.delete_cookie(COOKIE, path=self.prefix + COOKIE_PATH)
        return answer

    async def me(self, request: Request) -> Response:
        actor = self.admission.identify(request).actor
        return json_answer(await self.owners.call(FindUser(user_id=actor.user_id)))

    async def _refresh_token(self, request: Request) -> str | None:
        """From the body if there is one, else from the cookie, if the page is one of ours."""
        body = await read_bytes(request)
        if body:
            if content_type(request) != "application/json":
                raise RefusedError(415, "unsupported_media_type", "expected application/json")
            return parse_json(body, RefreshRequest).refresh_token
        cookie = request.cookies.get(COOKIE)
        if cookie and not self._is_own_origin(request):
            raise RefusedError(403, "bad_origin", "the cookie is for the gateway's own pages")
        return cookie[:512] if cookie else None

    def _is_own_origin(self, request: Request) -> bool:
        origin = request.headers.get("origin", "")
        return origin in {f"{request.url.scheme}://{request.url.netloc}", *self.origins}

    def _answer(self, view: TokenView, request: Request) -> Response:
        tokens = Tokens(
            access_token=view.access_token,
            expires_in=view.expires_in,
            refresh_token=view.refresh_token,
        )
        answer = json_answer(tokens)
        answer.set_cookie(
            COOKIE,
            view.refresh_token,
            max_age=view.refresh_expires_in,
            path=self.prefix + COOKIE_PATH,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer


async def read_form(request: Request) -> LoginForm:
    if content_type(request) != FORM:
        raise RefusedError(415, "unsupported_media_type", f"expected {FORM}")
    body = await read_bytes(request)
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=20, errors="strict")
    except ValueError as error:
        raise malformed(
            "body", "bad_form", "expected username=…&password=…, percent-encoded"
        ) from error
    fields = dict(pairs)
    refuse_nul(fields, "")
    return validated(LoginForm, fields)
