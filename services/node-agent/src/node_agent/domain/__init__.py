"""What the agent knows and decides: pure, without clocks and without I/O."""
