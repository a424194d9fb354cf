"""Live events of jobs as server-sent events."""
