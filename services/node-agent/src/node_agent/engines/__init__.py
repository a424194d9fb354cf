"""Engines: one folder for each kind of server, behind the port `Engine`."""
