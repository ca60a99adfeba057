"""Reading a live queue or a file as a stream of messages, without harm to the queue.

The way in is `megaql.scan.target.open_source`; `live` reads queues, `files` reads files, `records` is the line format both share.
"""
