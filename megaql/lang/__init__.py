"""The language: text to AST, AST to verdict.

Nothing in here knows how a message is stored or fetched: the evaluator sees a `Record`. The order of the modules is
limits, nodes, grammar and parser, printer and JSON form; kinds, paths, evaluator, explain.
"""
