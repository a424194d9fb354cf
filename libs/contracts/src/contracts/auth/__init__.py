"""Contracts of auth."""
