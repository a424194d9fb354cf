"""Workflow Spec v1: its models, compiled checks of values, the parameter library."""
