"""The servers that come inside the wheels: NATS, Postgres and an S3 store in a folder."""
