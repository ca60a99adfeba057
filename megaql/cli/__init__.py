"""The `megaql` command: what a person on call opens when a queue misbehaves, and the only room that prints.

A maintainer keeps three rules. Data goes to standard output and everything else to standard error. Nothing is imported before a command
needs it, so that `megaql --help` costs little more than typer itself: the rooms below are imported inside functions. And a command gets
its world (streams, terminal, environment, clock) as an `Environment` and returns an exit status.
"""
