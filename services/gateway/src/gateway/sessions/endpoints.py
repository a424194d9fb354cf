"""Endpoints of sessions: log in, refresh, log out.

The cookie with the refresh token is set, read and deleted for pages of the gateway's own origin or
a configured one. So a foreign page can neither use it nor log a visitor into another account.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Cookie, Depends, Request, Response
from pydantic import BaseModel, Field

from contracts.auth.sessions import EndSession, IssueToken, RefreshToken, TokenView
from gateway.http.access import access_of
from gateway.http.answers import refusals, sends
from gateway.http.bodies import Body, FormBody, Strict
from gateway.http.problems import RefusedError
from gateway.service import CurrentGateway, Gateway

router = APIRouter(prefix="/v1", tags=["sessions"])

COOKIE = "comfyfleet_refresh"
COOKIE_PATH = "/v1/auth"
LOGIN_SECONDS = 10.0


class LoginForm(BaseModel):
    """OAuth2's password form (RFC 6749, 4.3.2), which tells servers to ignore other fields."""

    username: str = Field(min_length=1, max_length=320, description="The e-mail address.")
    password: str = Field(min_length=1, max_length=1_024, description="The password.")
    grant_type: str = Field(default="password", pattern="^password$", description="`password`.")


class RefreshRequest(Strict):
    """A refresh token; it can be sent in the cookie instead."""

    refresh_token: str = Field(
        min_length=1, max_length=512, description="The refresh token; it can be used once."
    )


class Tokens(BaseModel):
    """A new pair of tokens."""

    access_token: str = Field(description="For `Authorization: Bearer`.")
    token_type: Literal["bearer"] = Field(default="bearer", description="`bearer`")
    expires_in: int = Field(description="Seconds until the access token expires (RFC 6749).")
    refresh_token: str | None = Field(
        default=None,
        description="Can be used once, at `/v1/auth/refresh`; null if the cookie has it.",
    )


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A refresh token as it was sent."""

    text: str
    is_cookie: bool


async def login_attempt(request: Request) -> None:
    access_of(request).admit_login(request)


async def refresh_token(
    request: Request,
    gateway: CurrentGateway,
    sent: Body[RefreshRequest | None],
    cookie: Annotated[str | None, Cookie(alias=COOKIE, description="A refresh token.")] = None,
) -> PresentedToken | None:
    """Return the token of the body, else of the cookie if one of our own pages sends it."""
    if sent:
        return PresentedToken(sent.refresh_token, is_cookie=False)
    if cookie and not is_own_origin(request, gateway):
        raise RefusedError(403, "bad_origin", "the cookie is for the gateway's own pages")
    return PresentedToken(cookie[:512], is_cookie=True) if cookie else None


SentToken = Annotated[PresentedToken | None, Depends(refresh_token)]


@router.post(
    "/auth/token",
    summary="Log in with a password",
    dependencies=[Depends(login_attempt)],
    responses={
        200: sends("Set-Cookie"),
        **refusals("bad_credentials", "blocked", "rate_limited", "too_many_attempts", "busy"),
    },
)
async def issue_token(
    request: Request,
    gateway: CurrentGateway,
    form: Annotated[LoginForm, Depends(FormBody(LoginForm))],
    answer: Response,
) -> Tokens:
    """The form of OAuth2's password grant. The gateway's own pages get a cookie too."""
    command = IssueToken(username=form.username, password=form.password)
    view = await gateway.bus.call(command, within=LOGIN_SECONDS)
    return tokens(gateway, request, view, answer)


@router.post(
    "/auth/refresh",
    summary="Exchange a refresh token for new tokens",
    dependencies=[Depends(login_attempt)],
    responses={
        200: sends("Set-Cookie"),
        **refusals("bad_refresh_token", "blocked", "bad_origin", "rate_limited"),
    },
)
async def refresh_session(
    request: Request, gateway: CurrentGateway, token: SentToken, answer: Response
) -> Tokens:
    """Send the refresh token in the body or in the cookie.

    With the cookie, `Origin` must be the gateway's origin or a configured one, and the new refresh
    token comes in the cookie alone, where no script can read it.
    """
    if token is None:
        raise RefusedError(401, "bad_refresh_token", "there is no refresh token")
    view = await gateway.bus.call(RefreshToken(refresh_token=token.text))
    found = tokens(gateway, request, view, answer)
    return found.model_copy(update={"refresh_token": None}) if token.is_cookie else found


@router.post(
    "/auth/logout",
    status_code=204,
    summary="End the session of a refresh token",
    dependencies=[Depends(login_attempt)],
    responses={204: sends("Set-Cookie"), **refusals("bad_origin", "rate_limited")},
)
async def end_session(
    request: Request, gateway: CurrentGateway, token: SentToken, answer: Response
) -> None:
    """Send the refresh token in the body or in the cookie; access tokens of the session end too."""
    if token:
        await gateway.bus.call(EndSession(refresh_token=token.text))
    if is_own_origin(request, gateway):
        answer.delete_cookie(COOKIE, path=gateway.path(COOKIE_PATH))


def is_own_origin(request: Request, gateway: Gateway) -> bool:
    origin = request.headers.get("origin", "")
    own = f"{request.url.scheme}://{request.url.netloc}"
    return origin == own or origin in gateway.settings.trusted_origins


def tokens(gateway: Gateway, request: Request, view: TokenView, answer: Response) -> Tokens:
    """Return the tokens, and set the refresh token as a cookie for our own pages."""
    if is_own_origin(request, gateway):
        answer.set_cookie(
            COOKIE,
            view.refresh_token,
            max_age=view.refresh_expires_in,
            path=gateway.path(COOKIE_PATH),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
    return Tokens.model_validate(view, from_attributes=True)
