"""`megaql redrive`: the messages of a dead-letter queue back to where they came from."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.bulk.choices import (
    AllowDeadLetterOption,
    AllowReceivesOption,
    ApplyOption,
    ConfirmOption,
    DurationOption,
    EditorOption,
    GroupOption,
    HoldOption,
    LimitOption,
    LogOption,
    PlanOption,
    RateOption,
    SaveOption,
    ScanOption,
    SetOption,
    UnsetOption,
    WhereOption,
    YesOption,
)
from megaql.cli.environment import Color
from megaql.cli.messages.output import FieldsOption, Output, OutputOption
from megaql.cli.options import (
    ColorOption,
    EndpointOption,
    ParamOption,
    ProfileOption,
    RegionOption,
)
from megaql.cli.queries.typed import QueriesOption


def command(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="DLQ", help="A queue URL, an ARN, a queue name or local:NAME.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="QUEUE", help="Where to send them.", show_default="the queue whose redrive policy names DLQ"
        ),
    ] = None,
    where: WhereOption = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    apply: ApplyOption = False,
    yes: YesOption = False,
    confirm: ConfirmOption = None,
    plan: PlanOption = None,
    rate: RateOption = None,
    log: LogOption = None,
    save: SaveOption = None,
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
    """Send the messages of a dead-letter queue back, all or some, as they were or mended.

    Examples:
      megaql redrive orders-dlq
      megaql redrive orders-dlq -w 'event.name == "order.paid"' --apply
      megaql redrive orders-dlq --set event.quantity=1 --unset event.debug
      megaql redrive orders-dlq -w @mine --plan plan.ndjson
      megaql redrive orders-dlq --plan plan.ndjson --apply --rate 20
      megaql redrive local:orders-dlq --to local:orders -n 1 --editor --apply

    Effect: writes. Without --apply nothing is sent or deleted: messages are shown, and held while that takes. With it each
    message is sent to the queue that dead-letters to this one, or to that of --to, with all its attributes, its trace header and
    its group, and deleted when the queue has taken it and the log says so on the disk. A crash leaves a message in both queues at
    worst; the same command with the same --log then finishes. All messages as they are, without bounds, --log and --save, are moved by
    the service itself where it can.
    """
    from megaql.cli.bulk import work  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.bulk.order import Order  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    order = Order(
        command="redrive",
        source=target,
        destination=to,
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
        yes=yes,
        confirm=confirm,
        plan=plan,
        rate=rate,
        log=log,
        save=save,
        allow_receives=allow_receives,
        allow_dead_letter=allow_dead_letter,
        output=output,
        fields=fields,
    )
    return work.carry_out(world, order, options.connection(profile, region, endpoint_url))
