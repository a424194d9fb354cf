"""One queue, one worker thread, one cache, one table of listeners."""
