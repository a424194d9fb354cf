"""Implements each port with one technology."""
