"""Bulk work on queues: move, copy and delete messages, and lose none.

`engine` does the work in batches, `plan` and `ledger` are the files it reads and writes, `edits` changes messages on their way. The way in is
`megaql.scan.bulk.engine.BulkRun`. See docs/redrive.md.
"""
