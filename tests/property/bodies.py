"""Random message bodies, near JSON and not quite: whatever a reader that skips parts could get wrong.

They are made with a `random.Random` and mutated as text, so that none is out of reach; hypothesis chooses its seed.
"""

import json
from datetime import UTC, datetime

from megaql.codec.envelopes import wrap
from megaql.errors import CodecError

NAMES = [
    *("a", "b", "event", "object", "current", "previous", "extra", "name", "version", "attributes", "q", "Type"),
    *("protocol", "timestamp", "id", "x\ud800", "é", "", "Message", "type"),
]

NUMBERS = [
    *("0", "-0", "1", "-1", "1.0", "1e2", "-0.0", "1E-5", "0e5", "1.10", "1e400", "0." + "1" * 60),
    *("123456789012345678901234567890", "18446744073709551615", "18446744073709551616", "-9223372036854775809"),
    *("9" * 4299, "9" * 4300, "9" * 4301, "9" * 5000, "1e999999999999999999999", "-1e-99999999999999999999"),
]
NO_NUMBERS = ["01", "1.", "-", ".5", "NaN", "Infinity", "-Infinity", "1e", "0x1"]

STRINGS = [
    *('""', '"a"', '"mega"', '"a.b"', '"2026-01-01T00:00:00Z"', '"Notification"', '"é"', '"😀"', '"\x7f"', '"\u2028"'),
    *(r'"\u0000"', r'"\ud800"', r'"\udc00"', r'"\ud83d\ude00"', r'"\ude00\ud83d"', r'"\n\t\"\\\/"', r'"\\"', r'"\\\""'),
    *('"{[}]"', '"[[[[{"', '"\ud800"'),
]
NO_STRINGS = [r'"\q"', r'"\u12g4"', '"a\nb"', '"\x00"']

#: Inserted anywhere.
CHARACTERS = '{}[]",:\\ 0e.-+nt\x00\x01\ufeff\ud800éu/'

SETTLED = [{"megaql.format": {"DataType": "String", "StringValue": name}} for name in ("json", "text", "bson", "odd")]
ATTRIBUTES = [
    *(None, {}, *SETTLED, {"megaql.format": {"StringValue": None}}, {"megaql.format": {"StringValue": ["json"]}}),
    *({"megaql.format": 3}, {"other": {"DataType": "String", "StringValue": "json"}}),
]


class Bodies:
    """Bodies made by one source of chance; `broken` is how often a scalar is none."""

    def __init__(self, random, broken=0.0):
        self.random = random
        self.broken = broken

    def chance(self, probability):
        return self.random.random() < probability

    def one(self, options):
        return self.random.choice(options)

    def some(self, make, most):
        return [make() for _ in range(self.random.randrange(most))]

    def spaced(self, text):
        spaces = ["", "", "", "", " ", "\n", "\t\r"]
        return self.one(spaces) + text + self.one(spaces)

    def scalar(self):
        broken = self.chance(self.broken)
        if self.chance(0.4):
            return self.one(NO_NUMBERS if broken else NUMBERS)
        if self.chance(0.7):
            return self.one(NO_STRINGS if broken else STRINGS)
        return self.one(["true", "false", "null"])

    def key(self):
        name = self.one(NAMES)
        if name.isascii() and name and self.chance(0.05):
            return f'"\\u{ord(name[0]):04x}{name[1:]}"'
        return json.dumps(name, ensure_ascii=self.chance(0.5))

    def value(self, depth):
        if depth <= 0 or self.chance(0.3):
            return self.scalar()
        if self.chance(0.2):
            return "[" + ",".join(self.some(lambda: self.spaced(self.value(depth - 1)), 4)) + "]"
        return self.object(depth - 1)

    def object(self, depth, members=()):
        """An object with these members somewhere among random ones, which may repeat their names."""
        parts = self.some(lambda: self.spaced(self.key()) + ":" + self.spaced(self.value(depth)), 6)
        for member in members:
            parts.insert(self.random.randrange(len(parts) + 1), member)
        return "{" + ",".join(parts) + "}"

    def mostly(self, usual, other):
        return usual if self.chance(0.85) else other()

    def event(self):
        """A MEGA event, or one that breaks a rule or two."""
        fields = [
            f'"name":{self.mostly(chr(34) + "a.b" + chr(34), self.scalar)}',
            f'"timestamp":{self.mostly(chr(34) + "2026-01-01T00:00:00Z" + chr(34), self.scalar)}',
        ]
        if self.chance(0.3):
            fields.append(f'"attributes":{self.one([self.object(1), self.scalar()])}')
        if self.chance(0.3):
            value = self.scalar()
            fields += [f'"q":{value}', f'"attributes":{{"q":{self.mostly(value, self.scalar)}}}']
        if self.chance(0.2):
            fields.append(f'"{self.one(["version", "domain", "subject", "publisher"])}":{self.scalar()}')
        if self.chance(0.1):
            fields.pop(0)
        event = self.object(2, fields) if self.chance(0.3) else "{" + ",".join(fields) + "}"
        sections = ['"protocol":"mega"', f'"version":{self.mostly("1", self.scalar)}']
        sections.append(f'"event":{self.mostly(event, lambda: self.value(2))}')
        if self.chance(0.5):
            described = self.object(2, [f'"current":{self.value(1)}'])
            sections.append(f'"object":{self.mostly(described, lambda: self.value(2))}')
        if self.chance(0.2):
            sections.append(f'"extra":{self.value(1)}')
        return self.object(1, sections) if self.chance(0.4) else "{" + ",".join(sections) + "}"

    def deep(self):
        text = "1"
        frames = ['{"a":%s}', "[%s]", '["}",%s]', r'[1,%s,"\"{"]', r'{"b":"\\","a":%s}', '{"event":%s}']
        for _ in range(self.one([3, 60, 120, 197, 198, 199, 200, 201, 202, 250, 900])):
            text = self.one(frames) % text
        return text

    def crowded(self):
        """An object with more brackets than levels are allowed, deep or not."""
        return "{" + ",".join(f"{self.key()}:{self.value(2)}" for _ in range(150)) + f',"z":{self.deep()}}}'

    def document(self):
        roll = self.random.random()
        if roll < 0.4:
            return self.event()
        if roll < 0.8:
            return self.object(4)
        return self.one([self.deep, self.crowded, self.scalar, lambda: "[" + self.value(3) + "]"])()

    def mutated(self, text):
        where = self.random.randrange(len(text) + 1)
        return self.one([
            text[:where] + text[where + 1 :],
            text[:where] + self.one(CHARACTERS) + text[where:],
            text[:where],
            self.one(["\ufeff", "\ufeff\ufeff", " \ufeff", "\ufeff ", " ", "\x0c"]) + text,
            text + self.one([" ", "\n", "x", "\x00", "{}", "\ufeff"]),
        ])  # fmt: skip

    def body(self):
        """Any body, within SNS envelopes sometimes."""
        text = self.document()
        while self.chance(0.25):
            text = self.mutated(text)
        while self.chance(0.2):
            attributes = self.one([None, {"t": {"DataType": "String", "StringValue": "v"}}, *SETTLED])
            try:
                text = wrap(
                    "arn:aws:sns:local:000000000000:orders",
                    text,
                    message_id="1",
                    timestamp=datetime(2026, 1, 2, tzinfo=UTC),
                    attributes=attributes,
                    subject=self.one([None, "s"]),
                )
            except CodecError:
                break
            if self.chance(0.3):
                marks = ['"Type"', '"TopicArn"', '"Timestamp"', '"MessageId"', '"1"', '"Message"']
                text = text.replace(self.one(marks), self.one(['"X"', "1", '"Type"']), 1)
            if self.chance(0.2):
                text = f"{text[:-1]},{self.key()}:{self.scalar()}}}"
        return text
