"""Usage: sums over ended jobs, as JSON and as CSV."""
