"""The examples of docs/convert.md, run one after the other."""

import doctest
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "convert.md"
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
    assert len(examples) > 15
    assert not runner.failures, "".join(report)
