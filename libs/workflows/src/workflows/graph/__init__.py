"""ComfyUI graphs: reading, rendering and sealing them."""
