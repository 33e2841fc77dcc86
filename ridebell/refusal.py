"""How a command says no: one clear sentence, exit status 2."""

from typer import TyperException


class Refusal(TyperException):
    """Bad input. The message says what, where, and what to do; the command line prints it and exits with 2."""

    exit_code = 2
