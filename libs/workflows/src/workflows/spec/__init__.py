"""Workflow Spec v1: the model, its checks, and how files become it."""
