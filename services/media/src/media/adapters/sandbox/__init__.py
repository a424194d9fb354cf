"""Opens each uploaded file in a process of its own, with few resources and no rights."""
