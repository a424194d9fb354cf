"""Runs the children of one local fleet, and keeps its state in a file."""
