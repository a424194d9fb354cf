from runtime.migrating import run_migrations

run_migrations()
