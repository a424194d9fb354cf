"""Conversion of ComfyUI's save format, which its editor saves, to the API format, which runs."""

from workflows.convert.assembler import Conversion, convert, is_save_format, to_api

__all__ = ["Conversion", "convert", "is_save_format", "to_api"]
