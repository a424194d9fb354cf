"""Conversion of ComfyUI's save format, which its editor saves, to the API format, which runs."""

from workflows.convert.assembler import is_save_format, to_api

__all__ = ["is_save_format", "to_api"]
