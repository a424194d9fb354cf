"""What the scheduler does with what it hears: decide, persist, act."""
