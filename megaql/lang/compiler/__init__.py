"""Match trees as Python functions: the evaluator's answers, at the speed of a predicate that somebody wrote by hand.

A maintainer keeps one rule: the evaluator is the meaning. What is generated here answers only for the values that queries meet nearly
always (plain strings, numbers, booleans, null, objects), and hands everything else to the evaluator.
"""
