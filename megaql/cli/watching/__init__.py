"""The full-screen program of `megaql watch`, made with textual.

A maintainer keeps two rules: nothing outside this package imports textual, and only `watching.py` imports this package; and text of a message reaches the
screen only as `Text` that went through `harmless`, never as markup.
"""
