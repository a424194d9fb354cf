"""Handles each message and each tick in one function."""
