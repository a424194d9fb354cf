"""Bus, tokens and object store, one technology each."""
