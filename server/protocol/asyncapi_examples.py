"""One example of every message, as instances of its type, so that none can be wrong. Protocol level; data."""

from server.core.model import Answer, BellKind, BellState, Doors, EvidenceKey, Need, Outcome, Reason, RideState, Stage
from server.protocol import messages as wire

AT_MS = 1_750_000_000_000
EPOCH = "5f1c2a"
BELL = "7d9f4a52-0c1f-4f60-9a57-3f1f6a0c9d11"

_bell = wire.BellMessage(
    seq=12,
    bell_id=BELL,
    kind=BellKind.BOARD,
    state=BellState.ASSIGNED,
    stop_id="203000127",
    stop_sequence=14,
    route_id="88",
    attempt=1,
    at_ms=AT_MS,
    vehicle_id="V31",
    plate="경기70바1234",
    eta_s=172,
    stops_away=2,
)
_trip = wire.TripMessage(
    seq=3,
    trip_id="88-0-17",
    start_date="20250615",
    route_id="88",
    route_name="88",
    headsign="광교중앙역",
    pattern_id="88:0:a1b2c3d4",
    stops=[wire.TripStop(stop_id="203000127", stop_sequence=14, name="수원시청 앞", along_m=5210.4)],
)
_alert = wire.AlertMessage(
    seq=4,
    alert_id="88-0-17.20250615.14",
    trip_id="88-0-17",
    stop_id="203000127",
    stop_sequence=14,
    stop_name="수원시청 앞",
    stage=Stage.AHEAD,
    boarding=2,
    alighting=0,
    needs=[Need.WHEELCHAIR],
    distance_m=320,
    eta_s=38,
    valid_until_along_m=5140.0,
    at_ms=AT_MS,
)
_row = wire.ArrivalRow(
    route_id="88",
    route_name="88",
    direction_id=0,
    headsign="광교중앙역",
    trip_id="88-0-17",
    stop_sequence=14,
    vehicle_id="V31",
    plate="경기70바1234",
    eta_s=172,
    stops_away=2,
    distance_m=910,
    low_floor=True,
    seats_left=12,
    crowding="low",
    stale=False,
    age_s=1,
    ringable=True,
)
_vehicle = wire.VehicleRow(
    vehicle_id="V31",
    plate="경기70바1234",
    route_id="88",
    route_name="88",
    direction_id=0,
    trip_id="88-0-17",
    lat=37.263573,
    lon=127.028601,
    heading_deg=92.0,
    speed_mps=8.3,
    phase="in_service",
    on_route=True,
    next_stop_id="203000127",
    next_stop_name="수원시청 앞",
    progress_m=4300,
    uncertainty_m=12,
    age_s=1,
    stale=False,
    terminal="up",
    alerts=1,
    n=31,
    pattern_id="88-0-a",
    garage="수원 차고지",
)
_bell_event = wire.BellEvent(
    bell="9f2c41d0a7be",
    kind=BellKind.BOARD,
    state=BellState.SHOWN,
    stop_id="203000127",
    stop_name="수원시청 앞",
    route_id="88",
    attempt=1,
    party=2,
    needs=[Need.WHEELCHAIR],
    at_ms=AT_MS,
    rung_ms=AT_MS - 4_000,
    vehicle_id="V31",
)
_ride = wire.RideMessage(
    seq=13,
    ride_id="3f0c9a1be27d40b5a1c2d3e4",
    state=RideState.ALIGHTED,
    vehicle_id="V31",
    plate="경기70바1234",
    route_id="88",
    route_name="88",
    party=1,
    confidence=0.998,
    began_ms=AT_MS,
    at_ms=AT_MS + 780_000,
    evidence=[
        wire.EvidenceItem(key=EvidenceKey.HEARD_BEACONS, values={"beacons": 4, "minutes": 11}),
        wire.EvidenceItem(key=EvidenceKey.MOVED_WITH_BUS, values={"stops": 6}),
    ],
    board_stop_id="203000127",
    board_stop_name="수원시청 앞",
    board_stop_sequence=14,
    board_at_ms=AT_MS,
    alight_stop_id="203000133",
    alight_stop_name="광교중앙역",
    alight_stop_sequence=20,
    alight_at_ms=AT_MS + 690_000,
    distance_m=3120,
    undo_until_ms=AT_MS + 1_680_000,
)
_percentiles: dict[str, float | None] = {"p50": 4.1, "p95": 9.8, "p99": 14.2}

EXAMPLES: dict[type, list[wire.Message]] = {
    wire.Hello: [
        wire.Hello(ticket="q2cC0w3Q2m8S4yqQx6o2bq0v1rWn7b0J", lang="ko"),
        wire.Hello(token="eyJhbGciOiJIUzI1NiJ9.e30.c2ln", resume=wire.Resume(epoch=EPOCH, seq=11)),  # noqa: S106
    ],
    wire.Ack: [wire.Ack(seq=12, epoch=EPOCH)],
    wire.Beat: [wire.Beat()],
    wire.Drain: [wire.Drain(reconnect_in_ms=2400)],
    wire.Refused: [
        wire.Refused(
            reason=Reason.NOT_AT_STOP,
            message="정류장에서 240 m 떨어져 있어요. 정류장 QR을 찍으면 위치 없이도 누를 수 있어요.",
            ref=BELL,
        )
    ],
    wire.Ring: [
        wire.Ring(
            bell_id=BELL,
            kind=BellKind.BOARD,
            stop_id="203000127",
            route_id="88",
            direction_id=0,
            party=2,
            needs=[Need.WHEELCHAIR],
            presence=wire.PresenceClaim(lat=37.263573, lon=127.028601, accuracy_m=8.0),
        )
    ],
    wire.StillThere: [
        wire.StillThere(bell_id=BELL, presence=wire.PresenceClaim(lat=37.263573, lon=127.028601, accuracy_m=8.0))
    ],
    wire.Cancel: [wire.Cancel(bell_id=BELL)],
    wire.WatchStop: [wire.WatchStop(stop_id="203000127")],
    wire.UnwatchStop: [wire.UnwatchStop(stop_id="203000127")],
    wire.Follow: [wire.Follow(vehicle_id="V71")],
    wire.Unfollow: [wire.Unfollow(vehicle_id="V71")],
    wire.CheckIn: [
        wire.CheckIn(
            vehicle_id="V31", position=wire.RidePosition(at_ms=AT_MS, lat=37.2635, lon=127.0286, accuracy_m=9.0)
        ),
        wire.CheckIn(nonce="V31.k8r2c0w3Q2m8S4yq"),
    ],
    wire.CheckOut: [wire.CheckOut(ride_id=_ride.ride_id)],
    wire.Undo: [wire.Undo(ride_id=_ride.ride_id)],
    wire.Correct: [wire.Correct(ride_id=_ride.ride_id, alight_stop_id="203000132")],
    wire.Sightings: [
        wire.Sightings(
            beacons=[wire.BeaconHeard(beacon_id="b8d1-V31-2", rssi_dbm=-67, at_ms=AT_MS)],
            position=wire.RidePosition(at_ms=AT_MS, lat=37.2635, lon=127.0286, accuracy_m=9.0, speed_mps=8.1),
            listened=[wire.Listened(from_ms=AT_MS - 5_000, to_ms=AT_MS)],
            sent_ms=AT_MS + 400,
            device="phone",
        )
    ],
    wire.BellMessage: [_bell],
    wire.RideMessage: [_ride],
    wire.Arrivals: [wire.Arrivals(stop_id="203000127", at_ms=AT_MS, buses=[_row])],
    wire.BusMessage: [
        wire.BusMessage(
            vehicle_id="V71",
            at_ms=AT_MS,
            trip_id="88-0-17",
            lat=37.263573,
            lon=127.028601,
            progress_m=5120,
            next_stop_sequence=13,
            here=False,
            etas_s=[40, 112, 185],
            seats_left=12,
            crowding="low",
            stale=False,
            age_s=1,
        )
    ],
    wire.SignOn: [
        wire.SignOn(ref="on-1", trip_id="88-0-17", start_date="20250615"),
        wire.SignOn(ref="on-2", route_id="88", direction_id=0),
    ],
    wire.SignOff: [wire.SignOff(ref="off-1")],
    wire.Fix: [
        wire.Fix(
            at_ms=AT_MS,
            lat=37.263573,
            lon=127.028601,
            speed_mps=8.3,
            heading_deg=92.0,
            accuracy_m=4.0,
            doors=Doors.CLOSED,
            n=4711,
        )
    ],
    wire.Shown: [wire.Shown(alert_id=_alert.alert_id, at_ms=AT_MS)],
    wire.Respond: [wire.Respond(ref="r-1", alert_id=_alert.alert_id, answer=Answer.OK)],
    wire.TerminalHealth: [wire.TerminalHealth(sound="failed", screen="ok")],
    wire.Suggest: [wire.Suggest(ref="s-1")],
    wire.Suggestions: [
        wire.Suggestions(
            ref="s-1",
            mismatch=False,
            runs=[
                wire.SuggestedRun(
                    trip_id="88-0-17",
                    start_date="20250615",
                    route_id="88",
                    route_name="88",
                    direction_id=0,
                    headsign="광교중앙역",
                    departs_ms=AT_MS + 120_000,
                )
            ],
        )
    ],
    wire.TripMessage: [_trip],
    wire.AlertMessage: [_alert],
    wire.ClearMessage: [
        wire.ClearMessage(seq=5, alert_id=_alert.alert_id, outcome=Outcome.SERVED, at_ms=AT_MS + 60_000)
    ],
    wire.Welcome: [wire.Welcome(epoch=EPOCH, seq=0, recovered=False, server_at_ms=AT_MS, heartbeat_s=10)],
    wire.RiderWelcome: [
        wire.RiderWelcome(
            epoch=EPOCH,
            seq=12,
            recovered=False,
            server_at_ms=AT_MS,
            heartbeat_s=10,
            snapshot=wire.RiderSnapshot(bells=[_bell], rides=[_ride]),
        )
    ],
    wire.TerminalWelcome: [
        wire.TerminalWelcome(
            epoch=EPOCH,
            seq=4,
            recovered=False,
            server_at_ms=AT_MS,
            heartbeat_s=2,
            snapshot=wire.TerminalSnapshot(trip=_trip, alerts=[_alert]),
        )
    ],
    wire.Fixes: [
        wire.Fixes(
            ref="b-1",
            fixes=[wire.FeedFix(vehicle_id="V31", trip_id="88-0-17", at_ms=AT_MS, lat=37.263573, lon=127.028601)],
        )
    ],
    wire.Taken: [
        wire.Taken(accepted=1, refused=[wire.RefusedFix(vehicle_id="V9", reason=Reason.FIX_STALE)], ref="b-1")
    ],
    wire.WatchTopic: [
        wire.WatchTopic(what="network", moves=True, bbox=[126.9, 37.2, 127.1, 37.3]),
        wire.WatchTopic(what="bells", route_id="88"),
    ],
    wire.Vehicles: [wire.Vehicles(at_ms=AT_MS, full=True, vehicles=[_vehicle])],
    wire.Moves: [
        wire.Moves(
            at_ms=AT_MS,
            n=[31, 32],
            lat_e5=[3726357, 3727001],
            lon_e5=[12702860, 12703122],
            heading_deg=[92, None],
            speed_mps=[8.3, 0.0],
            age_s=[0, 1],
        )
    ],
    wire.Bells: [wire.Bells(at_ms=AT_MS, full=True, bells=[_bell_event])],
    wire.BellEvent: [_bell_event],
    wire.TerminalEvent: [wire.TerminalEvent(vehicle_id="V31", state="up", at_ms=AT_MS)],
    wire.Metrics: [
        wire.Metrics(
            at_ms=AT_MS,
            fixes_taken=10_000,
            fixes_refused={"fix_duplicate": 3},
            bells_by_state={"waiting": 12, "served": 9},
            bells_open=3,
            refused={"not_at_stop": 1},
            passbys=1,
            vehicles=30,
            terminals_up=29,
            terminals_silent=1,
            fix_to_alert_ms=_percentiles,
            alert_to_shown_ms=_percentiles,
            ring_to_shown_ms=_percentiles,
        )
    ],
}
