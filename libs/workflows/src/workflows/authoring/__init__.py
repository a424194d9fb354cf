"""Authoring of workflows: drafts of specs, foreign manifests, differences between versions."""
