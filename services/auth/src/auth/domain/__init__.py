"""Rules of accounts, sessions and keys: pure, time and randomness come in as arguments."""
