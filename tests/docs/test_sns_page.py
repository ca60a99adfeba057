"""The examples of docs/sns.md run, in order, as one program, and print what the page says."""

import re
from pathlib import Path

from megaql.consumer import connecting
from megaql.consumer.pushdown import pushdown

PAGE = Path(__file__).parents[2] / "docs" / "sns.md"


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_program_of_the_page(capsys):
    names = {}
    for block in blocks("python"):
        exec(compile(block, str(PAGE), "exec"), names)
    (plan,) = blocks("text")
    assert capsys.readouterr().out == (
        "{'event.name': 'item.added', 'event.quantity': '5', 'megaql.format': 'bson'}\n"
        + plan
        + "reserve 7\n1 1\n"
        + "None | {'event': {'name': ['item.added', 'item.removed']}}\n"
        + "MessageBody {'event': {'name': ['item.added', 'item.removed']}} exact\n"
        + "MessageAttributes {'event.name': ['item.added', 'item.removed']} exact\n"
    )
    assert pushdown(names["by_body"].subscriptions, unmatched="return").policy is None


def test_every_permission_that_a_plan_can_name_is_on_the_page():
    source = Path(connecting.__file__).read_text(encoding="utf-8")
    actions = set(re.findall(r'"((?:sqs|sns):[A-Z]\w+)"', source))
    assert len(actions) >= 7
    assert [action for action in actions if action.partition(":")[2] not in PAGE.read_text(encoding="utf-8")] == []
