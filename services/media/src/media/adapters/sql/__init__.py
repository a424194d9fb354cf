"""The tables of media, and each port over them."""
