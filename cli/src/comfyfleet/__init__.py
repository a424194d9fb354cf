"""The comfyfleet command: run everything locally, operate a fleet, submit jobs."""
