"""Typed messages over NATS."""
