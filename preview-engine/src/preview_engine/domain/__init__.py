"""ComfyUI's rules: what a valid graph is, what runs first, what is still in the cache. Pure."""
