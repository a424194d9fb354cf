"""Users, their keys, and what the audit log says about them."""
