"""What message bodies hold and how they are written: payloads, the MEGA protocol, formats, envelopes.

    body ── decode ──▶ Decoded(payload, format, envelopes, reason)        payload ── encode ──▶ Encoded(body, attributes)

A maintainer keeps one rule: this room never imports the language. It makes documents; what a query makes of them is `megaql.query`'s affair.
"""
