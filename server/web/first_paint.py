"""The stop's board as the server draws it, for the moment before any script runs and for browsers without. Web level; pure.

The markup and the words are those of `rider_client/web/stop/view.js`, but for the buttons, which need the script.
"""

import html
from collections.abc import Mapping

from server.protocol import messages as wire

FIRST_ROWS = 12
"""Rows drawn on the server; the page's script draws them all a moment later."""
ALMOST_HERE_S = 60
"""Under a minute the page says "soon", as its script does."""

Table = Mapping[str, str]


def rows(arrivals: wire.Arrivals, words: Table) -> str:
    """HTML of the board's list items."""
    if not arrivals.buses:
        return f'<li class="empty">{html.escape(words["board.empty"])}</li>'
    return "".join(_row(row, words) for row in arrivals.buses[:FIRST_ROWS])


def _row(row: wire.ArrivalRow, words: Table) -> str:
    when = _span("here", words["row.here"]) if row.here else f'<span class="eta">{_eta(row.eta_s, words)}</span>'
    return (
        f'<li class="row">{_span("route", row.route_name)}{when}'
        f"{_span('away', '' if row.here else _away(row, words))}"
        f'<span class="action">{_span("board-now", words["row.board_now"]) if row.here else _no(row, words)}</span>'
        f'<span class="chips">{_chips(row, words)}</span></li>'
    )


def _eta(eta_s: int, words: Table) -> str:
    minutes = eta_s // ALMOST_HERE_S
    if minutes < 1:
        return f"<b>{html.escape(words['eta.soon'])}</b>"
    return f"<b>{minutes}</b>{_span('unit', words['eta.unit'])}"


def _away(row: wire.ArrivalRow, words: Table) -> str:
    if row.stale:
        age = words["age.s"].format(n=row.age_s) if row.age_s < 60 else words["age.min"].format(n=row.age_s // 60)
        return words["row.stale"].format(age=age)
    return words["row.away.next"] if row.stops_away == 1 else words["row.away"].format(n=row.stops_away)


def _no(row: wire.ArrivalRow, words: Table) -> str:
    """Why this bus cannot be told; nothing where it can (the button comes with the script)."""
    if row.ringable:
        return ""
    return _span("why-not", words.get(f"why_not.{row.why_not}", words["why_not"]))


def _chips(row: wire.ArrivalRow, words: Table) -> str:
    """Only what is known; unknown is not said."""
    known = [
        ("chip", words["chip.headsign"].format(headsign=row.headsign) if row.headsign else ""),
        ("chip chip-last", words["chip.last"] if row.last_bus else ""),
        ("chip", words["chip.low_floor"] if row.low_floor else ""),
        ("chip", words[f"crowding.{row.crowding}"] if row.crowding is not None else ""),
        ("chip", words["chip.seats"].format(n=row.seats_left) if row.seats_left is not None else ""),
        ("chip chip-unsure", words["row.unsure"] if (row.stale or row.unsure) and row.ringable else ""),
    ]
    return "".join(_span(kind, text) for kind, text in known if text)


def _span(kind: str, text: str) -> str:
    return f'<span class="{kind}">{html.escape(text)}</span>'
