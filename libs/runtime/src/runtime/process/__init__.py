"""The life of one process: settings, logs, traces, health and tasks."""
