"""Types of fields that requests of several subjects share."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, StringConstraints

LONGEST_LABEL_BYTES = 256


def short(text: str) -> str:
    if len(text.encode()) > LONGEST_LABEL_BYTES:
        raise ValueError(f"expected at most {LONGEST_LABEL_BYTES} bytes")
    return text


def without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character is not text")
    return text


QueryText: TypeAlias = Annotated[str, AfterValidator(without_nul)]
LabelKey: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
LabelValue: TypeAlias = Annotated[str, AfterValidator(short)]
