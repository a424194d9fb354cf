"""What the gateway decides: pure, synchronous."""
