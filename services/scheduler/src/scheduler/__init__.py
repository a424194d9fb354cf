"""Decides which job runs where and when, and records how it ended."""
