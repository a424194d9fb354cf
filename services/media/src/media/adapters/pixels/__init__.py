"""Uploaded files are opened here, each in a process of its own that has little and may little."""
