"""What a mask was made with: a workflow may ask for it."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

Channel: TypeAlias = Literal["alpha", "luminance"]
Blank: TypeAlias = Literal["empty", "full"]


class MadeMask(BaseModel):
    """How a mask was made from the picture that was uploaded."""

    channel: Channel = Field(description="Where the mask was taken from.")
    invert: bool = Field(description="Black and white were swapped.")
    feather: int = Field(description="Blur radius in pixels.")
    smooth: bool = Field(description="It was resampled smoothly, if at all; else to the nearest.")
    blank: Blank | None = Field(description="`empty`: all black; `full`: all white.")
