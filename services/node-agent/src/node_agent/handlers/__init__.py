"""What the agent does: claim nodes, run attempts, say how it stands."""
