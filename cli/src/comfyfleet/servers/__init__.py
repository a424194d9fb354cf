"""The servers that come as wheels: NATS, Postgres, and an S3 store in a folder."""
