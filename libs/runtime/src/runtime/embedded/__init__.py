"""Runs the servers that come as wheels; `comfyfleet up` and the tests start them in one way."""
