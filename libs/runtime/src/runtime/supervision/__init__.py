"""Keeps child processes alive: starts, watches, restarts with backoff, logs, and stops them."""
