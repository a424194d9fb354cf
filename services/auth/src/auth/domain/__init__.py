"""Rules of accounts, sessions and keys. Pure: time and randomness come in as arguments."""
