"""Real servers for tests: nats-server, Postgres and S3, each ready in about a second.

Use from a conftest: `from runtime.testing.fixtures import *` gives the fixtures `nats`,
`postgres` and `s3`.
"""
