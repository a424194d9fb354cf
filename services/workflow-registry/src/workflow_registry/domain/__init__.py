"""Rules of workflows and their versions: pure."""
