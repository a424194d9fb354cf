"""The leader's loop, and the queries and announcements beside it."""
