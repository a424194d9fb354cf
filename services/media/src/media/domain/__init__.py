"""What media decides: pure and synchronous."""
