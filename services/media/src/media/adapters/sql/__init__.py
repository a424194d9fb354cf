"""Implements the database ports of media over its tables in Postgres."""
