"""Workflows: the catalog, and authoring for those who may change it."""
