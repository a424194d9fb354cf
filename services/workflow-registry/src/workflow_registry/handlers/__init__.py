"""What the registry does: one function for each thing that happens."""
