"""Handlers bound to queries, run over a queue so that nothing is lost.

A maintainer keeps one rule: a message is deleted only after every handler that its queries chose has said that it is done, or after a copy of
it lies in the dead-letter queue. Whatever else happens, it stays in the queue.

One thread decides: `worker.py` holds all state, learns of everything through one inbox (`inbox.py`), and begins receives and deletes itself where that waits
for nothing. The others only do: `crew.py`'s threads what else there is to poll and to settle (`jobs.py`, `settlement.py`), those of `hands.py` the handlers
(`delivery.py`). `app.py` is what users see. With several processes, `supervisor.py` starts and watches them, and `link.py` is their end of the connection to it.
"""
