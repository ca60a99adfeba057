"""The full-screen program of `megaql watch`, made with textual.

A maintainer keeps two rules: nothing outside this package imports textual, and only `session.py` imports the modules that do; and text of a message reaches the
screen only as `Text` that went through `harmless`, never as markup.
"""
