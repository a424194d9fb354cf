"""One page of a list."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list, newest first unless the endpoint says otherwise."""

    items: list[T] = Field(description="The entries of this page.")
    next_cursor: str | None = Field(
        default=None, description="`cursor` of the next page; null on the last."
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return `JobPage` for `Page[Job]`: the name in the OpenAPI document."""
        return f"{params[0].__name__}Page"
