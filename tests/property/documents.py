"""Any document: what JSON and BSON can hold and what Python code can pass, the hostile parts included.

The names and values are few, so that random queries and random documents meet.
"""

import uuid
from datetime import UTC, date, timedelta
from decimal import Decimal

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import strategies as st

from megaql.lang.record import MISSING, Record

NAMES = ["a", "b", "c", "event", "attributes", "name", "items"]

names = st.sampled_from(NAMES)

strings = st.sampled_from(
    ["", "x", "X", "ab", "straße", "5", "-1.5e3", "12.5 ", "2026-01-02", "2026-01-02T03:04:05Z", "10.0.0.1", "\ud800"]
) | st.text(max_size=5)

numbers = (
    st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=True)
    | st.sampled_from(
        [
            0.1,
            -0.0,
            2**53 + 1,
            10**400,
            Decimal("1E+999999999"),
            Decimal("sNaN"),
            Decimal128("NaN"),
            Decimal128("1.0"),
            Int64(1),
        ]
    )
)

dates = st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.just(date(2026, 1, 2)) | st.just(DatetimeMS(2**62))

strange = st.sampled_from(
    [
        b"",
        b"\xff",
        Binary(b"x", 4 * 20),
        ObjectId("65a1c0ffee00ddccbbaa9988"),
        uuid.UUID(int=5),
        Code("x"),
        Regex("x"),
        Timestamp(5, 1),
        MinKey(),
        MaxKey(),
        timedelta(minutes=5),
        timedelta.max,
        {1, 2},
        1j,
        object(),
    ]
)

scalars = st.none() | st.booleans() | numbers | strings | dates | strange


def containers(inner):
    """Arrays and objects; keys that are no strings are possible in Python only."""
    keys = names | st.sampled_from(["", "weird key", "x.y"]) | st.sampled_from([1, None, True])
    return (
        st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4) | st.lists(inner, max_size=3).map(tuple)
    )


values = st.recursive(scalars, containers, max_leaves=12)

bodies = st.dictionaries(names, values, max_size=5) | values | st.just(MISSING)

envelopes = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("m-1"),
        "kind": st.sampled_from(["mega", "data", "text", "blob"]),
        "sent_at": dates,
        "size": st.integers(0, 2000),
        "attributes": st.dictionaries(names, scalars, max_size=3),
        "body": strings,
    },
)

records = st.builds(Record, bodies, envelopes, st.booleans())
