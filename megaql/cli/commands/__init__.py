"""The commands, one file each: options, help, and what is handed to whoever does the work.

A maintainer keeps one rule: a command's module has its name, and the function that runs it is `command`.
"""
