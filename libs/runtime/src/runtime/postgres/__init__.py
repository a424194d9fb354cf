"""Connections, transactions, schemas and roles in Postgres."""
