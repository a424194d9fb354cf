"""The engine ComfyUI, over HTTP and WebSocket (observed on 0.8.0)."""
