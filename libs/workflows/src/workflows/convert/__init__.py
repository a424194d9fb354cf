"""Conversion of ComfyUI's save format, which its editor saves, to the API format, which runs."""

from workflows.convert.assembler import Conversion, convert, is_save_format, to_api
from workflows.convert.editor_file import EditorFile, editor_file, with_run

__all__ = [
    "Conversion",
    "EditorFile",
    "convert",
    "editor_file",
    "is_save_format",
    "to_api",
    "with_run",
]
