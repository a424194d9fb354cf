"""One port, one technology."""
