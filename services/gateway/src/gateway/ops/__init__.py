"""The gateway itself: health, readiness, version, reference docs."""
