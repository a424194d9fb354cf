"""Rules of webhooks and deliveries. Pure: time and randomness come in as arguments."""
