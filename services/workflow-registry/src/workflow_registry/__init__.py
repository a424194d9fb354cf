"""Versioned workflows, loaded from a folder and published to the fleet."""
