"""Messages that a transaction commits and a relay publishes."""
