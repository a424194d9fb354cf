"""The comfyfleet command: run everything locally, operate a fleet, submit jobs."""


class CommandError(Exception):
    """Ends a command with exit code 1 and prints only this message, never a traceback.

    The message is one sentence that names the problem and, where possible, the remedy.
    """
