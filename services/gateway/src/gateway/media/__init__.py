"""Media: upload, find, change, download, share."""
