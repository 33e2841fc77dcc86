"""The front door: which commands there are, and how whatever goes wrong ends in one sentence. No rules of its own."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from ridebell.texts import t

COMMANDS: Mapping[str, str] = {
    "demo": "ridebell.demo_command:demo",
    "import": "ridebell.import_command:import_feed",
    "serve": "ridebell.serve_command:serve",
    "token": "ridebell.token_command:token",
    "receiver": "ridebell.receiver_command:receiver",
    "simulate": "ridebell.simulate_command:simulate",
    "record": "ridebell.record_command:record",
    "replay": "ridebell.replay_command:replay",
    "compare": "ridebell.compare_command:compare",
    "score": "ridebell.score_command:score",
    "tariff": "ridebell.tariff_command:tariff",
    "ledger": "ridebell.ledger_command:ledger",
    "payments": "ridebell.payments_command:payments",
    "corpus": "ridebell.corpus_command:corpus",
    "doctor": "ridebell.doctor_command:doctor",
    "export": "ridebell.take_away_command:export",
    "openapi": "ridebell.export_command:openapi",
    "asyncapi": "ridebell.export_command:asyncapi",
}
"""Where each command lives: `module:function`, in the order of the help page."""

BAD_INPUT = 2
INTERRUPTED = 130
"""Exit statuses: 2 as getopt and typer use it; 130 is 128 + SIGINT, as shells expect."""


class _Spoken:
    """Help pages in the reader's language: what typer itself says there, from our texts."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The usage line."""
        pieces: list[str] = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=t("cli.usage") + " ")

    def get_help_option(self, ctx: Any) -> Any:
        """The `--help` option."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = t("cli.help_option")
        return option

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The whole page; rich is imported only here."""
        from typer import rich_utils

        rich_utils.ARGUMENTS_PANEL_TITLE = t("cli.arguments")
        rich_utils.OPTIONS_PANEL_TITLE = t("cli.options")
        rich_utils.COMMANDS_PANEL_TITLE = t("cli.commands")
        rich_utils.DEFAULT_STRING = t("cli.default")
        rich_utils.REQUIRED_LONG_STRING = t("cli.required")
        super().format_help(ctx, formatter)  # type: ignore[misc]


class Command(_Spoken, TyperCommand):
    """One command."""


class Commands(_Spoken, TyperGroup):
    """Imports a command's module only when that command is asked for, so that `--help` and `token` start at once."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that `args` name, loaded."""
        name, card, rest = super().resolve_command(ctx, args)
        return name, load(name) if name is not None else card, rest


class Group(_Spoken, TyperGroup):
    """A command with commands of its own."""


def load(name: str) -> TyperCommand | TyperGroup:
    """Import one command and give it its help text; a `Typer` brings commands of its own."""
    module, _, function = COMMANDS[name].partition(":")
    found = getattr(import_module(module), function)
    app = found if isinstance(found, typer.Typer) else typer.Typer(add_completion=False, rich_markup_mode="rich")
    if app is not found:
        app.command(name, cls=Command, help=t(f"{name}.help"))(found)
    command = get_command(app)
    assert isinstance(command, TyperCommand | TyperGroup)
    return command


def build() -> TyperGroup:
    """The group with a light card for each command: its name and the first sentence of its help."""
    app = typer.Typer(cls=Commands, help=t("cli.help"), rich_markup_mode="rich")
    app.callback()(_options)
    for name in COMMANDS:
        app.command(name, help=t(f"{name}.help").split("\n\n")[0])(_card)
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for option in group.params:
        if option.name in {"install_completion", "show_completion"}:
            option.help = t(f"cli.{option.name}")  # type: ignore[attr-defined]
    return group


def _card() -> None:
    """Stands in lists for a command that is not loaded."""


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"ridebell {version('ridebell')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help=t("cli.version"))
    ] = False,
) -> None:
    """Options before any command."""


def run(args: Sequence[str]) -> int:
    """Run one command line; the exit status. Expected troubles end in one sentence on stderr."""
    try:
        status = build().main(args=list(args) or ["--help"], prog_name="ridebell", standalone_mode=False)
    except typer.TyperException as error:
        return _complain(_sentence(error))
    except typer.Abort:
        return INTERRUPTED
    except OSError as error:
        if error.filename is None:
            raise
        return _complain(t("cli.os_error", file=error.filename, reason=error.strerror or error))
    return status if isinstance(status, int) else 0


def _complain(sentence: str) -> int:
    typer.echo(sentence, err=True)
    return BAD_INPUT


def _sentence(error: typer.TyperException) -> str:
    """What was wrong and what to do, without line breaks."""
    context = getattr(error, "ctx", None)
    text = " ".join(error.format_message().split())
    param = getattr(error, "param", None)
    if isinstance(error, typer.BadParameter) and param is not None and not error.message:
        text = t("cli.missing", what=param.get_error_hint())
    if context is None:
        return text
    stop = "" if text.endswith((".", "?")) else "."
    return f"{text}{stop} {t('cli.see_help', command=context.command_path)}"


def main() -> None:
    """Entry point of the `ridebell` script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
