"""Documentation pages of the shipped workflows."""
