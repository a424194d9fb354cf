"""Implements each class of graph node with Pillow."""
