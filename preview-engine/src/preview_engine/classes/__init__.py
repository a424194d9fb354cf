"""What each class of graph node does, with Pillow for brushes."""
