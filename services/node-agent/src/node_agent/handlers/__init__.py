"""Claims nodes, runs attempts on their engines, and reports both."""
