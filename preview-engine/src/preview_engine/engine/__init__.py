"""The engine: one queue, one worker thread, one cache, one table of clients."""
