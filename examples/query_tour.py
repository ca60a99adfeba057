"""A tour of the query language over one event, without any queue.

Run it:  python examples/query_tour.py
"""

import megaql

EVENT = megaql.MegaEvent(
    "order.placed",
    timestamp="2026-01-02T03:04:05Z",
    domain="shop",
    attributes={"total": 59, "coupon": None, "tags": ["gift", "express"]},
    object=megaql.MegaObject({"email": "ada@example.com", "lines": [{"sku": "cup-1", "quantity": 4}]}),
)

QUERIES = [
    # Attributes are reached with or without `attributes`.
    'event.name == "order.placed" and event.total between 50 and 100',
    'event.name startswith "order." and event.attributes.total >= 50',
    # An array matches if any element does; two conditions on one element need a name for it.
    'event.tags == "gift"',
    'any line in object.current.lines: (line.sku like "cup-*" and line.quantity > 3)',
    # Searching text: a regular expression, or any letter case.
    "object.current.email ~ /@example\\.(com|org)$/",
    'event.domain == "SHOP"i',
    # A timestamp compares with a date.
    'event.timestamp >= d"2026-01-01" and event.timestamp < d"2027-01-01"',
    # null is there, what is missing is not: a comparison with it is neither true nor false.
    "event.coupon is null and missing event.discount",
    "event.discount != 5",
    "(event.discount ?? 0) == 0",
    # No silent conversions: a string is no number.
    "object.current.lines[0].sku > 3",
]


def main() -> None:
    """Print the verdict of each query, then an explanation, parameters, and a mistake."""
    for text in QUERIES:
        print(f"{megaql.compile(text).evaluate(EVENT).value:>8}  {text}")

    print("\nWhy not? Every clause shows what it saw:\n")
    print(megaql.compile('event.name == "order.placed" and event.total > 100').explain(EVENT))

    print("\nValues from outside are parameters, never pasted in:\n")
    print(megaql.compile("event.total in $totals", totals=[59, 79]))

    print("\nA mistake is shown where it is:\n")
    try:
        megaql.compile('event.name = "order.placed"')
    except megaql.QueryError as error:
        print(error)


if __name__ == "__main__":
    main()
