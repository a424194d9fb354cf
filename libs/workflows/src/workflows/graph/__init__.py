"""ComfyUI graphs in API format: links, removal of graph nodes, requirements, sealing."""
