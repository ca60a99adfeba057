"""What people type by mistake, and what to tell them.

`diagnose` tries the recognisers of the other modules in order; `failure` is what they look at; `recovery` goes on after a mistake.
"""
