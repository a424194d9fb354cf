"""The rules of media: pure and synchronous."""
