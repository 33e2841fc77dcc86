/* Wire messages, version 1. Written from server/protocol/messages.py; tests/web_js checks that it is current. */

export type Answer =
  | "ok"
  | "full"
  | "cannot_stop";

export type BellKind =
  | "board"
  | "alight";

export type BellState =
  | "waiting"
  | "assigned"
  | "shown"
  | "acknowledged"
  | "arrived"
  | "boarded"
  | "alighted"
  | "served"
  | "passed"
  | "declined"
  | "cancelled"
  | "expired"
  | "refused";

export type Doors =
  | "open"
  | "closed";

export type EvidenceKey =
  | "checked_in"
  | "checked_out"
  | "boarding_bell"
  | "alighting_bell"
  | "heard_beacons"
  | "moved_with_bus"
  | "positions_agree"
  | "doors_opened"
  | "stopped_hearing"
  | "moved_away"
  | "inspected"
  | "card_tap"
  | "inferred_exit"
  | "other_bus"
  | "corrected";

export type Need =
  | "wheelchair"
  | "ramp"
  | "blind"
  | "low_vision"
  | "deaf"
  | "slow"
  | "stroller";

export type Outcome =
  | "served"
  | "passed"
  | "cancelled"
  | "expired"
  | "moved";

export type Question =
  | "aboard"
  | "board"
  | "alight";

export type Reason =
  | "bad_message"
  | "unknown_type"
  | "not_authenticated"
  | "forbidden"
  | "rate_limited"
  | "busy"
  | "store_unavailable"
  | "unknown_stop"
  | "unknown_route"
  | "unknown_trip"
  | "unknown_vehicle"
  | "unknown_bell"
  | "unknown_alert"
  | "unknown_ride"
  | "not_yours"
  | "id_reused"
  | "not_at_stop"
  | "route_not_at_stop"
  | "alight_only"
  | "board_only"
  | "one_bell_at_a_time"
  | "no_bus_can_serve"
  | "no_free_bay"
  | "not_in_service"
  | "too_late"
  | "bus_here_now"
  | "not_on_board"
  | "moving"
  | "fix_stale"
  | "fix_future"
  | "fix_duplicate"
  | "fix_out_of_order"
  | "fix_implausible"
  | "full"
  | "cannot_stop"
  | "off_route"
  | "signed_off"
  | "bus_silent"
  | "no_terminal"
  | "overtaken"
  | "walked_away"
  | "unsure"
  | "no_more_buses"
  | "too_old"
  | "network_changed"
  | "boarded_elsewhere"
  | "ride_over"
  | "undo_too_late";

export type RideState =
  | "detected"
  | "aboard"
  | "alighted"
  | "settled"
  | "voided"
  | "asked";

export type Stage =
  | "ahead"
  | "now";

export interface BellEvent {
  type: "bell_event";
  bell: string;
  kind: BellKind;
  state: BellState;
  stop_id: string;
  stop_name: string;
  route_id: string;
  attempt: number;
  party: number;
  needs: (Need)[];
  at_ms: number;
  rung_ms: number;
  vehicle_id?: string | undefined;
  reason?: Reason | undefined;
}

export interface Bells {
  type: "bells";
  at_ms: number;
  full: boolean;
  bells: (BellEvent)[];
}

export interface Metrics {
  type: "metrics";
  at_ms: number;
  fixes_taken: number;
  fixes_refused: Record<string, number>;
  bells_by_state: Record<string, number>;
  bells_open: number;
  refused: Record<string, number>;
  passbys: number;
  vehicles: number;
  terminals_up: number;
  terminals_silent: number;
  fix_to_alert_ms: Record<string, number | null>;
  alert_to_shown_ms: Record<string, number | null>;
  ring_to_shown_ms: Record<string, number | null>;
}

export interface Moves {
  type: "moves";
  at_ms: number;
  n: (number)[];
  lat_e5: (number)[];
  lon_e5: (number)[];
  heading_deg: (number | null)[];
  speed_mps: (number | null)[];
  age_s: (number)[];
}

export interface TerminalEvent {
  type: "terminal_event";
  vehicle_id: string;
  state: "up" | "down" | "silent";
  at_ms: number;
}

export interface VehicleRow {
  vehicle_id: string;
  plate: string;
  route_id: string | null;
  route_name: string | null;
  direction_id: number | null;
  trip_id: string | null;
  lat: number;
  lon: number;
  heading_deg: number | null;
  speed_mps: number | null;
  phase: string;
  on_route: boolean;
  next_stop_id: string | null;
  next_stop_name: string | null;
  progress_m: number | null;
  uncertainty_m: number | null;
  age_s: number;
  stale: boolean;
  terminal: "up" | "down" | "none";
  alerts: number;
  mismatch: boolean;
  n: number | null;
  pattern_id: string | null;
  garage: string | null;
}

export interface Vehicles {
  type: "vehicles";
  at_ms: number;
  full: boolean;
  vehicles: (VehicleRow)[];
  gone?: (string)[];
}

export interface WatchTopic {
  type: "watch";
  what: "network" | "bells" | "terminals";
  route_id?: string | null;
  moves?: boolean;
  bbox?: (number)[] | null;
  focus_route_id?: string | null;
  whole?: boolean;
}

export interface BeaconHeard {
  beacon_id: string;
  rssi_dbm: number;
  at_ms: number;
}

export interface CheckIn {
  type: "check_in";
  vehicle_id?: string | null;
  nonce?: string | null;
  position?: RidePosition | null;
  party?: number;
  device?: string;
  ref?: string | null;
}

export interface CheckInRequest {
  vehicle_id?: string | null;
  nonce?: string | null;
  position?: RidePosition | null;
  party?: number;
  device?: string;
  ref?: string | null;
}

export interface CheckOut {
  type: "check_out";
  ride_id: string;
}

export interface Correct {
  type: "correct";
  board_stop_id?: string | null;
  alight_stop_id?: string | null;
  party?: number | null;
  ride_id: string;
}

export interface CorrectionFields {
  board_stop_id?: string | null;
  alight_stop_id?: string | null;
  party?: number | null;
}

export interface EvidenceItem {
  key: EvidenceKey;
  values: Record<string, string | number | number>;
}

export interface Listened {
  from_ms: number;
  to_ms: number;
}

export interface RideMessage {
  type: "ride";
  seq: number;
  ride_id: string;
  state: RideState;
  vehicle_id: string;
  plate: string;
  route_id: string;
  route_name: string;
  party: number;
  confidence: number;
  began_ms: number;
  at_ms: number;
  evidence: (EvidenceItem)[];
  board_stop_id?: string | undefined;
  board_stop_name?: string | undefined;
  board_stop_sequence?: number | undefined;
  board_at_ms?: number | undefined;
  alight_stop_id?: string | undefined;
  alight_stop_name?: string | undefined;
  alight_stop_sequence?: number | undefined;
  alight_at_ms?: number | undefined;
  distance_m?: number | undefined;
  fare_won?: number | undefined;
  question?: Question | undefined;
  undo_until_ms?: number | undefined;
  by_card?: boolean | undefined;
  reason?: Reason | undefined;
  receipt?: Receipt | undefined;
}

export interface RidePosition {
  at_ms: number;
  lat: number;
  lon: number;
  accuracy_m?: number;
  speed_mps?: number | null;
}

export interface Sightings {
  type: "sightings";
  beacons?: (BeaconHeard)[];
  position?: RidePosition | null;
  positions?: (RidePosition)[];
  listened?: (Listened)[];
  sent_ms?: number | null;
  device?: string;
  ref?: string | null;
}

export interface Undo {
  type: "undo";
  ride_id: string;
}

export interface ArrivalRow {
  route_id: string;
  route_name: string;
  direction_id: number | null;
  headsign: string;
  trip_id: string;
  stop_sequence: number;
  vehicle_id: string;
  plate: string;
  eta_s: number;
  stops_away: number;
  distance_m: number;
  low_floor: boolean | null;
  seats_left: number | null;
  crowding: string | null;
  stale: boolean;
  age_s: number;
  ringable: boolean;
  here: boolean;
  last_bus: boolean;
  bays_free: number | null;
  unsure: boolean;
  why_not?: Reason | undefined;
}

export interface Arrivals {
  type: "arrivals";
  stop_id: string;
  at_ms: number;
  buses: (ArrivalRow)[];
}

export interface BellMessage {
  type: "bell";
  seq: number;
  bell_id: string;
  kind: BellKind;
  state: BellState;
  stop_id: string;
  stop_sequence: number | null;
  route_id: string;
  attempt: number;
  at_ms: number;
  vehicle_id?: string | undefined;
  plate?: string | undefined;
  eta_s?: number | undefined;
  stops_away?: number | undefined;
  reason?: Reason | undefined;
}

export interface BusMessage {
  type: "bus";
  vehicle_id: string;
  at_ms: number;
  trip_id: string | null;
  lat: number | null;
  lon: number | null;
  progress_m: number | null;
  next_stop_sequence: number | null;
  here: boolean;
  etas_s: (number)[];
  seats_left: number | null;
  crowding: string | null;
  stale: boolean;
  age_s: number;
}

export interface Cancel {
  type: "cancel";
  bell_id: string;
}

export interface Follow {
  type: "follow";
  vehicle_id: string;
}

export interface PresenceClaim {
  lat?: number | null;
  lon?: number | null;
  accuracy_m?: number;
  nonce?: string | null;
}

export interface RiderSnapshot {
  bells: (BellMessage)[];
  rides: (RideMessage)[];
}

export interface Ring {
  type: "ring";
  bell_id: string;
  kind: BellKind;
  stop_id: string;
  route_id?: string | null;
  direction_id?: 0 | 1 | null;
  stop_sequence?: number | null;
  vehicle_id?: string | null;
  ride_id?: string | null;
  alight_stop_id?: string | null;
  party?: number;
  needs?: (Need)[];
  presence?: PresenceClaim | null;
}

export interface RingRequest {
  bell_id: string;
  kind: BellKind;
  stop_id: string;
  route_id?: string | null;
  direction_id?: 0 | 1 | null;
  stop_sequence?: number | null;
  vehicle_id?: string | null;
  ride_id?: string | null;
  alight_stop_id?: string | null;
  party?: number;
  needs?: (Need)[];
  presence?: PresenceClaim | null;
}

export interface StillThere {
  type: "presence";
  bell_id: string;
  presence: PresenceClaim;
}

export interface Unfollow {
  type: "unfollow";
  vehicle_id: string;
}

export interface UnwatchStop {
  type: "unwatch";
  stop_id: string;
}

export interface WatchStop {
  type: "watch";
  stop_id: string;
}

export interface AlertMessage {
  type: "alert";
  seq: number;
  alert_id: string;
  trip_id: string;
  stop_id: string;
  stop_sequence: number;
  stop_name: string;
  stage: Stage;
  boarding: number;
  alighting: number;
  needs: (Need)[];
  distance_m: number;
  eta_s: number;
  valid_until_along_m: number;
  at_ms: number;
}

export interface ClearMessage {
  type: "clear";
  seq: number;
  alert_id: string;
  outcome: Outcome;
  at_ms: number;
}

export interface Fix {
  type: "fix";
  at_ms: number;
  lat: number;
  lon: number;
  speed_mps?: number | null;
  heading_deg?: number | null;
  accuracy_m?: number | null;
  odometer_m?: number | null;
  doors?: Doors | null;
  passengers?: number | null;
  seats_left?: number | null;
  n?: number | null;
}

export interface FixFields {
  at_ms: number;
  lat: number;
  lon: number;
  speed_mps?: number | null;
  heading_deg?: number | null;
  accuracy_m?: number | null;
  odometer_m?: number | null;
  doors?: Doors | null;
  passengers?: number | null;
  seats_left?: number | null;
  n?: number | null;
}

export interface Respond {
  type: "respond";
  ref: string;
  alert_id: string;
  answer: Answer;
  reason?: string | null;
  by?: "key" | "touch";
}

export interface Shown {
  type: "shown";
  alert_id: string;
  at_ms: number;
}

export interface SignOff {
  type: "sign_off";
  ref: string;
}

export interface SignOn {
  type: "sign_on";
  ref: string;
  trip_id?: string | null;
  start_date?: string | null;
  block_id?: string | null;
  route_id?: string | null;
  direction_id?: 0 | 1 | null;
}

export interface Suggest {
  type: "suggest";
  ref: string;
}

export interface SuggestedRun {
  trip_id: string;
  start_date: string;
  route_id: string;
  route_name: string;
  direction_id: number | null;
  headsign: string;
  departs_ms: number | null;
}

export interface Suggestions {
  type: "suggestions";
  ref: string;
  mismatch: boolean;
  runs: (SuggestedRun)[];
}

export interface TerminalHealth {
  type: "health";
  sound?: "ok" | "failed" | "unknown";
  screen?: "ok" | "failed" | "unknown";
}

export interface TerminalSnapshot {
  trip: TripMessage | null;
  alerts: (AlertMessage)[];
}

export interface TripMessage {
  type: "trip";
  seq: number;
  trip_id: string;
  start_date: string;
  route_id: string;
  route_name: string;
  headsign: string;
  pattern_id: string;
  stops: (TripStop)[];
  inferred?: boolean;
}

export interface TripStop {
  stop_id: string;
  stop_sequence: number;
  name: string;
  along_m: number;
}

export interface Resume {
  epoch: string;
  seq: number;
}

export interface Hello {
  type: "hello";
  token?: string | null;
  ticket?: string | null;
  resume?: Resume | null;
  lang?: string | null;
}

export interface Ack {
  type: "ack";
  seq: number;
  epoch?: string | null;
}

export interface Beat {
  type: "beat";
}

export interface Drain {
  type: "drain";
  reconnect_in_ms: number;
}

export interface Refused {
  type: "refused";
  reason: Reason;
  message: string;
  ref?: string | null;
}

export interface Welcome {
  type: "welcome";
  epoch: string;
  seq: number;
  recovered: boolean;
  server_at_ms: number;
  heartbeat_s: number;
}

export interface RiderWelcome {
  type: "welcome";
  epoch: string;
  seq: number;
  recovered: boolean;
  server_at_ms: number;
  heartbeat_s: number;
  snapshot: RiderSnapshot | null;
}

export interface TerminalWelcome {
  type: "welcome";
  epoch: string;
  seq: number;
  recovered: boolean;
  server_at_ms: number;
  heartbeat_s: number;
  snapshot: TerminalSnapshot | null;
}

export interface FeedFix {
  at_ms: number;
  lat: number;
  lon: number;
  speed_mps?: number | null;
  heading_deg?: number | null;
  accuracy_m?: number | null;
  odometer_m?: number | null;
  doors?: Doors | null;
  passengers?: number | null;
  seats_left?: number | null;
  n?: number | null;
  vehicle_id: string;
  trip_id?: string | null;
  start_date?: string | null;
  route_id?: string | null;
  direction_id?: 0 | 1 | null;
}

export interface Fixes {
  type: "fixes";
  fixes: (FeedFix)[];
  ref?: string | null;
}

export interface RefusedFix {
  vehicle_id: string;
  reason: Reason;
}

export interface Taken {
  type: "taken";
  accepted: number;
  refused: (RefusedFix)[];
  ref: string | null;
}

export interface Receipt {
  fare_won: number;
  table: string;
  increments: (FareStep)[];
  entries: (string)[];
  waiver: "void" | "card" | "dispute" | null;
  disputed: boolean;
  ruling: "not_charged" | "stands" | null;
}

export interface FareStep {
  tap: "board" | "alight";
  at_ms: number;
  won: number;
  rules: (string)[];
}
