"""What callers want, in one function each."""
