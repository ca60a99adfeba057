"""The examples of docs/payloads.md, run one after the other."""

import doctest
import json
import re
from pathlib import Path

from megaql.codec import mega
from megaql.codec.decode import Format, decode
from megaql.codec.protocol import EVENT_FIELDS

PAGE = Path(__file__).parents[2] / "docs" / "payloads.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_python_examples():
    examples = []
    for block in re.finditer(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        line = TEXT.count("\n", 0, block.start()) + 1
        examples += [
            doctest.Example(example.source, example.want, example.exc_msg, example.lineno + line, example.indent)
            for example in doctest.DocTestParser().get_examples(block[1])
        ]
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(doctest.DocTest(examples, {}, PAGE.name, str(PAGE), 0, TEXT), out=report.append)
    assert len(examples) > 25
    assert not runner.failures, "".join(report)


def test_the_example_of_the_protocol_is_an_event_with_every_field():
    (example,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert decode(example).payload == mega.read(json.loads(example))
    assert decode(example).payload.kind == "mega"
    assert set(json.loads(example)["event"]) == EVENT_FIELDS


def test_every_format_and_kind_is_explained():
    for name in [*Format.__args__, "mega", "data", "text", "blob"]:
        assert f"`{name}`" in TEXT or f'`"{name}"`' in TEXT
