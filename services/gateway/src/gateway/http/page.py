"""One page of a list."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list; a subclass for each kind of entry gives it a name in OpenAPI."""

    items: list[T] = Field(description="The entries of this page.")
    next_cursor: str | None = Field(
        default=None, description="`cursor` of the next page; null on the last page."
    )
