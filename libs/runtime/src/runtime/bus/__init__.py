"""Carries typed messages over NATS."""
