"""Inputs of a job: their JSON Schema, their validation, and their place in the rendered graph."""
