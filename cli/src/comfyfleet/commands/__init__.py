"""The commands, one file a group: options, texts and tables."""
