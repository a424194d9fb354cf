"""Inputs of callers: their JSON Schema and their validation."""
