"""Checks the machine and a ComfyUI server, and names a remedy for each check that fails."""
