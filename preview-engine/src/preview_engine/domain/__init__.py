"""ComfyUI's rules for valid graphs, execution order and cache keys. Pure."""
