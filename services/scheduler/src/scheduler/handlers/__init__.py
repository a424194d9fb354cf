"""The leader's loop, and the queries and ticks beside it."""
