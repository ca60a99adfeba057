"""Values that JSON has no notation for, written as objects with one `$` key in the conformance cases.

The names are MongoDB's Extended JSON where it has one (`$numberDecimal`, `$date`, `$oid`), and ours where it has not (`$float`, `$deep`).
"""

import base64
import uuid
from datetime import datetime
from decimal import Decimal

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS


def nest(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


READERS = {
    "$float": float,
    "$numberDecimal": Decimal128,
    "$numberLong": lambda text: Int64(int(text)),
    "$decimal": Decimal,
    "$date": datetime.fromisoformat,
    "$dateMs": DatetimeMS,
    "$oid": ObjectId,
    "$uuid": uuid.UUID,
    "$binary": lambda text: Binary(base64.b64decode(text)),
    "$regex": Regex,
    "$code": Code,
    "$timestamp": lambda seconds: Timestamp(seconds, 1),
    "$minKey": lambda _: MinKey(),
    "$maxKey": lambda _: MaxKey(),
    # Arrays inside one another, so many levels deep.
    "$deep": nest,
    # An array of so many zeros.
    "$zeros": lambda length: [0] * length,
    # A surrogate without its partner, by its code point.
    "$surrogate": chr,
}


def read(value):
    """Replace the notations in a decoded JSON value by what they stand for."""
    if isinstance(value, list):
        return [read(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, text),) = value.items()
        if name in READERS:
            return READERS[name](text)
    return {name: read(item) for name, item in value.items()}
