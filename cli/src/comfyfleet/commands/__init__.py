"""One file for each group of commands; nothing here but words, options and tables."""
