"""The one error that a person at a terminal sees: a sentence, and how to mend it."""


class CommandError(Exception):
    """Ends a command with exit code 1 and this sentence; never with a traceback."""
