"""Measures the figures of the README: `make bench`."""
