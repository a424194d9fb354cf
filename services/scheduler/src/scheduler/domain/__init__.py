"""The scheduler's core: a pure state machine over jobs, attempts and nodes."""
