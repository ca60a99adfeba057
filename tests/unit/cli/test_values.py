"""What a parameter of a command makes of a value is what typer makes of it, with or without asking typer's validation."""

import subprocess
import sys
from enum import Enum

import pytest
import typer

from megaql.cli import program, values

TEXTS = [
    "",
    "x",
    "é",
    "\udcff",
    "5",
    "0",
    "007",
    "-1",
    "+1",
    "1_0",
    "5.0",
    " 5",
    "\u0665",
    "9" * 9,
    "9" * 30,
    "true",
    "raw",
    "RAW",
    "10s",
]
LISTS = [[], (), ["x"], ("x", "é"), ("x", "\udcff"), ["x", 1]]


def outcome(runtime, parameter, value, context):
    try:
        found = runtime.coerce(value, param=parameter, ctx=context)
    except (typer.BadParameter, TypeError) as error:  # a parser takes texts alone
        return str(error)
    return type(found), found


@pytest.mark.parametrize("name", [entry.name for entry in program.COMMANDS])
def test_every_parameter_of_every_command(name):
    command = program.load(name)
    context = typer.Context(command)
    whole = {parameter.name: parameter.get_runtime_param() for parameter in command.params}
    for parameter in command.get_params(context):
        if parameter.name not in whole:
            continue
        annotation = parameter.type_descriptor.annotation
        members = list(annotation) if isinstance(annotation, type) and issubclass(annotation, Enum) else []
        several = parameter.multiple or parameter.nargs == -1
        given = LISTS if several else [*TEXTS, 5, True, *members, *(member.value for member in members)]
        for value in [None, *given]:
            assert isinstance(parameter.get_runtime_param(), values.Sparing)
            spared = outcome(parameter.get_runtime_param(), parameter, value, context)
            assert spared == outcome(whole[parameter.name], parameter, value, context), (parameter.name, value)


def test_parameters_without_that_validation_are_left_alone():
    parameter = object()
    assert values.sparing([parameter]) == [parameter]


@pytest.mark.parametrize("options", [[], ["-o", "raw", "--color", "never", "-p", "n=1"], ["--count", "-q"]], ids=len)
def test_a_usual_command_line_does_not_import_it(options, tmp_path):
    messages = tmp_path / "messages.ndjson"
    messages.write_text('{"a": 1}\n')
    query = "a == $n" if "-p" in options else "a == 1"
    program = (
        "import sys; from megaql.cli.main import main; status = main(sys.argv[1:]); "
        "assert not {'pydantic', 're2', 'boto3', 'lark'} & sys.modules.keys(); sys.exit(status)"
    )
    command = [sys.executable, "-c", program, "test", query, str(messages), *options]
    assert subprocess.run(command, capture_output=True, check=True).stdout
