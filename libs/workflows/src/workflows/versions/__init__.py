"""Workflow versions: a graph and its spec, completed, checked against each other, and hashed."""
