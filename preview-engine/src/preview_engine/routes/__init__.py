"""ComfyUI's HTTP and WebSocket interface over one engine."""
