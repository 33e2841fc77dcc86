"""Policies by name: data files in `server/policies/`, or an operator's own file of the same shape."""

from importlib.resources import files
from pathlib import Path

import msgspec

from server.core.policy import Policy


class PolicyError(ValueError):
    """A policy that cannot be used; the text says what, where, and what to do."""


def policy_names() -> list[str]:
    """Names of the presets that come with Ridebell."""
    return sorted(entry.name.removesuffix(".json") for entry in files("server").joinpath("policies").iterdir())


def read_policy(name_or_file: str) -> Policy:
    """Read a preset by its name, or a file where the text has a `/` or ends in `.json`. Fields left out keep defaults."""
    if "/" in name_or_file or name_or_file.endswith(".json"):
        try:
            content = Path(name_or_file).read_bytes()
        except OSError as error:
            raise PolicyError(f"cannot read the policy {name_or_file}: {error.strerror}") from error
    elif name_or_file in policy_names():
        content = files("server").joinpath("policies", f"{name_or_file}.json").read_bytes()
    else:
        raise PolicyError(
            f"there is no policy named {name_or_file!r}; choose one of {', '.join(policy_names())}, or give a .json file"
        )
    try:
        return msgspec.json.decode(content, type=Policy)
    except msgspec.DecodeError as error:
        raise PolicyError(f"{name_or_file} is not a policy: {error}") from error
