"""What `megaql.toml` says to the command line: aliases, protected queues; and how a line of it is written."""
