"""`megaql copy`: messages sent on, and left where they are."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.bulk.choices import (
    AllowDeadLetterOption,
    AllowReceivesOption,
    ApplyOption,
    DurationOption,
    EditorOption,
    GroupOption,
    HoldOption,
    LimitOption,
    LogOption,
    PlanOption,
    RateOption,
    ScanOption,
    SetOption,
    UnsetOption,
    WhereOption,
)
from megaql.cli.environment import Color
from megaql.cli.messages.output import FieldsOption, Output, OutputOption
from megaql.cli.options import (
    ColorOption,
    EndpointOption,
    ParamOption,
    ProfileOption,
    RegionOption,
    SourceArgument,
)
from megaql.cli.queries.typed import QueriesOption


def command(
    context: typer.Context,
    target: SourceArgument,
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DESTINATION",
            help="A queue or topic, named in the same ways, local-topic:NAME too. It has to be there.",
        ),
    ],
    where: WhereOption = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    apply: ApplyOption = False,
    plan: PlanOption = None,
    rate: RateOption = None,
    log: LogOption = None,
    assign: SetOption = None,
    unset: UnsetOption = None,
    editor: EditorOption = False,
    group: GroupOption = None,
    limit: LimitOption = None,
    scan: ScanOption = None,
    duration: DurationOption = None,
    hold: HoldOption = None,
    allow_receives: AllowReceivesOption = False,
    allow_dead_letter: AllowDeadLetterOption = False,
    output: OutputOption = Output.AUTO,
    fields: FieldsOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Send the messages of a queue or file to a queue or topic, and leave them where they are.

    Examples:
      megaql copy orders local:orders -n 100 --apply
      megaql copy orders-dlq orders-test -w 'event.subject == "customer-17"' --apply
      megaql copy failed.ndjson orders -w 'event.name == "order.paid"' --apply
      megaql copy local:orders local-topic:replay --set event.attributes.replayed=true --apply

    Effect: writes. Without --apply nothing is sent: messages are shown. With it each message is sent with all its attributes.
    The messages of a queue are held until the end and then released, so that no more are copied than may be
    held; --hold raises that. The same command with the same --log goes on where it was.
    """
    from megaql.cli.bulk import work  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.bulk.order import Order  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    order = Order(
        command="copy",
        source=target,
        destination=destination,
        where=where,
        param=param,
        queries=queries,
        limit=limit,
        scan=scan,
        duration=duration,
        hold=hold,
        assign=assign,
        unset=unset,
        editor=editor,
        group=group,
        apply=apply,
        plan=plan,
        rate=rate,
        log=log,
        allow_receives=allow_receives,
        allow_dead_letter=allow_dead_letter,
        output=output,
        fields=fields,
    )
    return work.carry_out(world, order, options.connection(profile, region, endpoint_url))
