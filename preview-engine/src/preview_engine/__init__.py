"""A ComfyUI-compatible server that needs no GPU."""
