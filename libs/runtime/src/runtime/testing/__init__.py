"""Starts real servers for tests: nats-server, Postgres and S3, each ready in about a second.

A conftest imports the fixtures `nats`, `postgres` and `s3` from `runtime.testing.fixtures`.
"""
