"""One frozen settings object. Each field: unit, default, and what breaks if it is too small or too large."""

import msgspec


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and rhythms of the runtime."""

    inbox_max: int = 20_000
    """Waiting commands. Too small: riders hear `busy` in a rush; too large: they wait seconds for the same no."""
    batch_max: int = 256
    """Events decided before one journal append. Too small: more commits; too large: the first waits for the last."""
    tick_s: float = 1.0
    """How often time itself is looked at. Too small: idle CPU; too large: silence and expiry are noticed late."""
    frames_kept: int = 50_000
    """Messages kept in memory for clients that come back (some 30 MB). Too small: each return reads the journal."""
    learned_every_s: float = 60.0
    """How often what was learned is stored (15 MB for a province). Too small: disk; too large: a crash forgets more."""
    latency_window: int = 20_000
    """Samples kept for each published latency. Too small: p99 jumps; too large: it forgets too slowly."""


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of recordings and of the replays made of them."""

    keep_days: int = 0
    """Days for which the rolling recording is kept; 0 records only what somebody starts."""
    recording_max_bytes: int = 8 << 30
    """A recording ends at this size. A province writes about 25 GB a day, a town 50 MB."""
    shelf_max_bytes: int = 64 << 30
    """While recordings take more than this, the oldest rolling ones go."""
    upload_max_bytes: int = 512 << 20
    """Largest recording that may be given to us over HTTP."""
    replays_kept: int = 12
    """Results kept. Too small: a comparison of yesterday is made anew; too large: disk."""
    replay_ttl_s: float = 7 * 86_400.0
    """How long a result is kept."""
    replays_waiting: int = 8
    """Replays that may wait for the one that runs; more are refused `busy`."""


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and rhythms of the doors: HTTP, pages and sockets."""

    host: str = "127.0.0.1"
    """Address to listen on. Too narrow: nobody reaches us; too wide: everybody does."""
    port: int = 8080
    """0 asks the system for a free one."""
    demo: bool = False
    """Hand out tokens and tickets of any role without asking, for trying things out. Never on a network."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins besides our own host (`https://stops.example.org`). Too few: their pages cannot ring; too many: any page can."""
    trusted_proxies: str = ""
    """Addresses whose `X-Forwarded-*` is believed, comma-separated. Missing: all riders behind the proxy share one rate limit."""
    push_contact: str = ""
    """`mailto:` or `https:` address at which push services find the operator; empty sends no pushes."""
    jwks_url: str = ""
    """Where an identity provider publishes its keys; replaces the key of our own."""
    tiles_url: str = ""
    """Pictures of streets under the operators' map, with `{z}`, `{x}`, `{y}`; empty: routes alone. Pages may fetch from its host."""
    tiles_attribution: str = ""
    """Whose pictures they are, as their licence wants it said on the map."""
    oidc_issuer: str = ""
    """The company's OpenID Connect provider, at which operators sign in; empty: operators bring a token."""
    oidc_client_id: str = ""
    """Our name at the provider."""
    oidc_client_secret: str = ""
    """Our secret there; empty for a public client. Given by `RIDEBELL_OIDC_SECRET`, never on a command line."""
    oidc_roles_claim: str = "roles"
    """Where in the ID token the roles stand, as a path (`realm_access.roles`)."""
    session_ttl_s: float = 8 * 3_600.0
    """How long a sign-in at the provider lasts: a shift. Too long: who left the company stays in; too short: mid-shift log-ins."""
    driver_keys: str = ""
    """A file with the physical keys of the drivers' terminals; empty: the shipped table (`driver_terminal/web/keys.json`)."""

    # -- connections --
    backlog: int = 2048
    """Connections the kernel holds until we accept them. Too small: a rush after a restart is refused."""
    tcp_user_timeout_ms: int = 12_000
    """Unacknowledged sent data closes a connection after this. Too small: a tunnel drops buses; too large: ghosts stay."""
    terminal_send_buffer_bytes: int = 16_384
    """Kernel send buffer of a terminal. Too small: more wake-ups; too large: stale alerts wait in the kernel, unseen by us."""
    header_deadline_s: float = 10.0
    """A request's head must be complete within this. Too small: poor links fail; too large: slow ones hold connections."""
    header_max_bytes: int = 32_768
    """Largest request head. Too small: long cookies fail; too large: memory for strangers."""
    body_deadline_s: float = 15.0
    """A request's body must be complete within this."""
    body_max_bytes: int = 65_536
    """Largest JSON body."""
    feed_body_max_bytes: int = 8 * 1024 * 1024
    """Largest GTFS-realtime message: 10,000 vehicles are about 1 MB."""
    keep_alive_s: int = 10
    """An idle HTTP connection is closed after this."""

    # -- sockets --
    frame_max_bytes: int = 65_536
    """Largest frame of a client (close 1009)."""
    hello_max_bytes: int = 4_096
    """Largest first frame; it comes from strangers."""
    hello_deadline_s: float = 6.5
    """The first frame must be here within this (close 4401): the five seconds a client has, and 1.5 s for a slow link."""
    heartbeat_s: int = 10
    """Both sides say something this often. Too small: radio and battery; too large: a dead link is noticed late."""
    terminal_heartbeat_s: int = 2
    """The same for terminals, which must show BELL OFF within 5 s of a lost link: a lost beat is forgiven, two are not."""
    dead_after_s: float = 30.0
    """A client that gave no sign of life for this long is closed. Must exceed twice `heartbeat_s`."""
    silent_after_s: float = 15.0
    """A terminal without a frame for this long counts as down (promise: known within 15 s). Must exceed `heartbeat_s`."""
    frames_per_s: float = 40.0
    """Frames a client may send, on average (close 4429); bursts of `frames_burst`. Too small: a busy terminal is cut off."""
    frames_burst: int = 400
    feed_bytes_per_s: int = 4 * 1024 * 1024
    """Bytes a feed may send, on average."""
    bytes_per_s: int = 64 * 1024
    """Bytes any other client may send, on average (close 4429)."""
    bytes_burst_s: float = 4.0
    """How many seconds' worth of bytes may come at once."""
    write_high_bytes: int = 65_536
    """Unsent bytes at which we stop writing to a connection and let its outbox fill."""
    outbox_max: int = 256
    """Messages waiting for a slow client (close 4408). Too small: a short stall costs a reconnect; too large: memory."""
    watches_max: int = 12
    """Stops one connection may watch. Too small: a map page cannot; too large: one client costs as much as many."""
    boards_max: int = 20_000
    """Stops watched by anybody at once; the work per second is proportional to it."""
    sessions_max: int = 50_000
    """Open sockets (new ones are closed 4429). Too small: riders are turned away; too large: memory, measured 13 KB each."""
    sessions_per_subject: int = 16
    """Open sockets of one person or system."""
    drain_spread_s: float = 4.0
    """At a planned end clients are asked to come back spread over this. Too small: a thundering herd."""
    shutdown_s: int = 10
    """Requests that still run at a planned end get this long."""

    # -- people --
    token_ttl_s: int = 30 * 86_400
    """How long a token printed by `ridebell token` lasts unless told otherwise."""
    ticket_ttl_s: float = 30.0
    """A browser's ticket must be used within this."""
    tickets_max: int = 20_000
    """Unused tickets kept; the oldest goes first."""
    rings_per_min: float = 10.0
    """Rings of one rider, on average; bursts of `rings_burst`. A repeat of the same ring is free."""
    rings_burst: int = 20
    kiosk_rings_per_min: float = 20.0
    """Rings through one kiosk or button, on average; bursts of `kiosk_rings_burst`. Too small: a queue cannot ring."""
    kiosk_rings_burst: int = 20
    anonymous_per_min: float = 30.0
    """Tickets for people without an account, per peer address. Too small: a school behind one address is locked out."""
    anonymous_burst: int = 120
    limiter_max: int = 50_000
    """Keys each rate limiter remembers; the longest unused goes first."""
