"""Runs attempts on the ComfyUI servers that it has claimed."""
