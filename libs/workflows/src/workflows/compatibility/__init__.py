"""Whether a server can run a graph."""
