"""Batches: submit, list, show, cancel."""
