"""`megaql convert`: queries as patterns and policies of AWS services, and those as queries."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, ParamOption
from megaql.cli.queries.services import Service
from megaql.cli.queries.typed import QueriesOption


class Form(StrEnum):
    """What `-o` may say."""

    AUTO = "auto"
    JSON = "json"


_SERVICES = "eventbridge, sns-body, sns-attributes, lambda or pipes"


def command(
    context: typer.Context,
    given: Annotated[
        str,
        typer.Argument(
            metavar="QUERY|PATTERN",
            help="With --to a query, or @NAME of a query file; with --from JSON, a file of it, or - for standard input.",
        ),
    ],
    to: Annotated[
        Service | None, typer.Option("--to", metavar="SERVICE", help=f"Write for a service: {_SERVICES}.")
    ] = None,
    from_: Annotated[
        Service | None, typer.Option("--from", metavar="SERVICE", help="Read what a service has; the same names.")
    ] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    no_arrays: Annotated[
        bool,
        typer.Option(
            "--no-arrays",
            help="Promise that the query compares plain values only, and that no array is on the way to them.",
        ),
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Exit with 1 if the policy takes more than the query matches.")
    ] = False,
    output: Annotated[
        Form,
        typer.Option(
            "-o",
            "--output",
            metavar="FORM",
            help="json: policy, fit, residual and reasons, or the JSON form of the query; auto: the policy or the query alone.",
        ),
    ] = Form.AUTO,
    color: ColorOption = Color.AUTO,
) -> int:
    """Turn a query into a filter of EventBridge, SNS, Lambda or Pipes, or such a filter into a query.

    Examples:
      megaql convert 'detail.total > 100 and source == "shop"' --to eventbridge
      megaql convert '@attributes.tenant == $tenant' -p tenant=acme --to sns-attributes
      megaql convert @big-orders --to sns-body --no-arrays
      megaql convert '{"source": [{"prefix": "aws."}]}' --from eventbridge
      megaql convert policy.json --from sns-body

    Effect: reads. No service is asked. A policy never keeps back a message that the query matches. Where it takes others too, standard error says what is left to
    ask; where nothing of the query can be said, the exit status is 1.
    """
    from megaql.cli.queries.converting import Converting  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.queries.typed import compile_given  # noqa: PLC0415 - as above

    if (to is None) is (from_ is None):
        raise typer.BadParameter("one of --to and --from says which way", param_hint="--to, --from")
    world = options.world_of(context, color)
    converting = Converting(world, whole=output is Form.JSON)
    if from_ is not None:
        return converting.read(given, from_)
    query = compile_given(world, given, param, queries)
    assert to is not None, "one of the two is given"  # noqa: S101 - as was checked above
    return converting.write(query, to, arrays=not no_arrays, exact=exact)
