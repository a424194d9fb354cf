"""Jobs: submit, list, show, cancel."""
