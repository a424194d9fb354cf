"""Adapters of auth: Postgres, bcrypt, JOSE and the key-value buckets."""
