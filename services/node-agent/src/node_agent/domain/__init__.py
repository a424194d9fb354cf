"""Rules of claims, orders and endings: pure, without clocks and without I/O."""
