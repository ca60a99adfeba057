"""Match trees as Python functions: the evaluator's answers, at the speed of a predicate that somebody wrote by hand.

A maintainer keeps one rule: the evaluator is the meaning. What is generated here answers only for the values that queries meet nearly
always (plain strings, numbers, booleans, null, objects, arrays of them), and hands everything else to the evaluator. That includes the
budget: a generated function says "yes" only where the evaluator would have had the steps to say so (see `shares`).
"""
