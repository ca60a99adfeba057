"""`megaql delete`: messages of a queue, deleted."""

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
    HoldOption,
    LimitOption,
    LogOption,
    PlanOption,
    RateOption,
    SaveOption,
    ScanOption,
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
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A queue URL, an ARN, a queue name or local:NAME.")],
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
    """Delete the messages of a queue that a query matches.

    Examples:
      megaql delete orders-dlq -w 'age(@sent_at) > 7d'
      megaql delete orders-dlq -w 'age(@sent_at) > 7d' --save deleted.ndjson --apply
      megaql delete orders-dlq -w 'event.name == "test.ping"' --plan plan.ndjson
      megaql delete orders-dlq --plan plan.ndjson --apply --yes

    Effect: writes. Without --apply nothing is deleted: messages are shown, and held while that takes. With --save each message is in a
    file before it is deleted, and `megaql copy FILE QUEUE` sends it again.
    """
    from megaql.cli.bulk import work  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.bulk.order import Order  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    order = Order(
        command="delete",
        source=target,
        where=where,
        param=param,
        queries=queries,
        limit=limit,
        scan=scan,
        duration=duration,
        hold=hold,
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
