"""Pictures and files: what they are, whose they are, and where their bytes lie."""
