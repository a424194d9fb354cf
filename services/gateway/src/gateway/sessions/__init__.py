"""Sessions and the account of the caller."""
