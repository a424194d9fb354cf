"""HTTP statuses of the kinds and codes of errors, and the problems that statuses stand for."""

STATUS_OF_KIND = {
    "invalid": 422,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "unavailable": 503,
}
STATUS_OF_CODE = {
    "bad_credentials": 401,
    "bad_refresh_token": 401,
    "too_many_waiting": 429,
    "too_many_graphs": 429,
    "too_many_attempts": 429,
    "too_large": 413,
}
"""Codes whose HTTP status is more exact than that of their kind."""

GENERIC = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "rate_limited",
    503: "unavailable",
}
"""The problem of an HTTP error without a code of its own."""
