"""The schema of the scheduler, by Alembic."""
