"""Arguments and options that several commands have, each with its words."""

from typing import Annotated

import typer

Ids = Annotated[list[str], typer.Argument(help="Ids; - reads them from stdin.", show_default=False)]
OnlyIds = Annotated[str, typer.Option("--ids", help="Only these, with commas; - reads them from stdin.")]
Workspace = Annotated[
    str,
    typer.Option("--workspace", "-w", envvar="AEONTEL_WORKSPACE", help="Id or name of one.", show_default=False),
]

Limit = Annotated[int, typer.Option(min=1, max=100, help="Most items of a page.")]
After = Annotated[str, typer.Option(help="Cursor or id: what follows it.", show_default=False)]
Before = Annotated[str, typer.Option(help="Cursor or id: what precedes it.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every page, one after the other.")]

Json = Annotated[bool, typer.Option("--json", help="Print the body of the REST answer.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print one item a line, as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
