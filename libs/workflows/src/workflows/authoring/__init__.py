"""Drafting specs and comparing versions."""
