"""Each port over one technology."""
