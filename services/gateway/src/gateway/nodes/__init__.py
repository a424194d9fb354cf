"""Nodes: the servers of the fleet, for operators."""
