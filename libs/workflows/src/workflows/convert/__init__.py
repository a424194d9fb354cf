"""ComfyUI's save format: what its editor saves, converted to what its server runs."""

from workflows.convert.convert import is_save_format, to_api

__all__ = ["is_save_format", "to_api"]
