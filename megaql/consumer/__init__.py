"""Handlers bound to queries, run over a queue so that nothing is lost.

A maintainer keeps one rule: a message is deleted only after every handler that its queries chose has said that it is done, or after a copy of
it lies in the dead-letter queue. Whatever else happens, it stays in the queue.

One thread decides, the others only do: `worker.py` holds all state and learns of everything through one inbox, while `crew.py`'s threads poll,
run handlers (`delivery.py`) and settle (`settlement.py`). `app.py` is what users see. With several processes, `supervisor.py` starts and watches them, and `link.py` is their end of the connection to it.
"""
