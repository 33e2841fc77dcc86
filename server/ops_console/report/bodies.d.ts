/* Bodies of operators' requests. Written from server/protocol; tests/web_js checks that it is current. */

export interface Spread {
  count: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Figure {
  key: string;
  name: string;
  bells: number;
  open: number;
  by_state: Record<string, number>;
  passed_bells: number;
  passbys: number;
  declines: number;
  ring_to_shown: Spread;
}

export interface PlacedFigure {
  key: string;
  name: string;
  bells: number;
  open: number;
  by_state: Record<string, number>;
  passed_bells: number;
  passbys: number;
  declines: number;
  ring_to_shown: Spread;
  lat: number;
  lon: number;
}

export interface BellEvent {
  bell: string;
  kind: "board" | "alight";
  state: "waiting" | "assigned" | "shown" | "acknowledged" | "arrived" | "boarded" | "alighted" | "served" | "passed" | "declined" | "cancelled" | "expired" | "refused";
  stop_id: string;
  stop_name: string;
  route_id: string;
  attempt: number;
  party: number;
  needs: ("wheelchair" | "ramp" | "blind" | "low_vision" | "deaf" | "slow" | "stroller")[];
  at_ms: number;
  rung_ms: number;
  vehicle_id?: string;
  reason?: "bad_message" | "unknown_type" | "not_authenticated" | "forbidden" | "rate_limited" | "busy" | "store_unavailable" | "unknown_stop" | "unknown_route" | "unknown_trip" | "unknown_vehicle" | "unknown_bell" | "unknown_alert" | "unknown_ride" | "not_yours" | "id_reused" | "not_at_stop" | "route_not_at_stop" | "alight_only" | "board_only" | "one_bell_at_a_time" | "no_bus_can_serve" | "no_free_bay" | "not_in_service" | "too_late" | "bus_here_now" | "not_on_board" | "moving" | "fix_stale" | "fix_future" | "fix_duplicate" | "fix_out_of_order" | "fix_implausible" | "full" | "cannot_stop" | "off_route" | "signed_off" | "bus_silent" | "no_terminal" | "overtaken" | "walked_away" | "unsure" | "no_more_buses" | "too_old" | "network_changed" | "boarded_elsewhere" | "ride_over" | "undo_too_late";
}

export interface Outcomes {
  from_ms: number;
  to_ms: number;
  at_ms: number;
  count: number;
  by_state: Record<string, number>;
  by_route: Record<string, Record<string, number>>;
  total: Figure;
  routes: (Figure)[];
  stops: (PlacedFigure)[];
  stops_total: number;
  hours: (Figure)[];
  open: (BellEvent)[];
  recent: (BellEvent)[];
}

export interface Distribution {
  count: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  edges_ms: (number)[];
  counts: (number)[];
}

export interface Latencies {
  from_ms: number;
  to_ms: number;
  at_ms: number;
  count: number;
  ring_to_shown: Distribution;
  by_hour: Record<string, Distribution>;
  by_route: Record<string, Distribution>;
  since_ms: number;
  fix_to_alert: Distribution;
  alert_to_shown: Distribution;
  ring_to_answer: Distribution;
}

export interface BellLife {
  handle: string;
  kind: "board" | "alight";
  state: "waiting" | "assigned" | "shown" | "acknowledged" | "arrived" | "boarded" | "alighted" | "served" | "passed" | "declined" | "cancelled" | "expired" | "refused";
  route_id: string;
  stop_id: string;
  rung_ms: number;
  changed_ms: number;
  assigned_ms: number | null;
  shown_ms: number | null;
  acknowledged_ms: number | null;
  arrived_ms: number | null;
  ended_ms: number | null;
  attempts: number;
  passed: number;
  declined: number;
  party: number;
  needs: ("wheelchair" | "ramp" | "blind" | "low_vision" | "deaf" | "slow" | "stroller")[];
  vehicle_id: string | null;
  reason: "bad_message" | "unknown_type" | "not_authenticated" | "forbidden" | "rate_limited" | "busy" | "store_unavailable" | "unknown_stop" | "unknown_route" | "unknown_trip" | "unknown_vehicle" | "unknown_bell" | "unknown_alert" | "unknown_ride" | "not_yours" | "id_reused" | "not_at_stop" | "route_not_at_stop" | "alight_only" | "board_only" | "one_bell_at_a_time" | "no_bus_can_serve" | "no_free_bay" | "not_in_service" | "too_late" | "bus_here_now" | "not_on_board" | "moving" | "fix_stale" | "fix_future" | "fix_duplicate" | "fix_out_of_order" | "fix_implausible" | "full" | "cannot_stop" | "off_route" | "signed_off" | "bus_silent" | "no_terminal" | "overtaken" | "walked_away" | "unsure" | "no_more_buses" | "too_old" | "network_changed" | "boarded_elsewhere" | "ride_over" | "undo_too_late" | null;
  route_name: string;
  stop_name: string;
  plate: string | null;
}

export interface Bells {
  from_ms: number;
  to_ms: number;
  at_ms: number;
  count: number;
  rows: (BellLife)[];
  next: string | null;
}

export interface BellStep {
  at_ms: number;
  state: string;
  attempt: number;
  vehicle_id: string | null;
  plate: string | null;
  trip_id: string | null;
  stop_sequence: number | null;
  reason: string | null;
}

export interface AlertStep {
  alert_id: string;
  vehicle_id: string;
  plate: string;
  at_ms: number | null;
  what: "raised" | "now" | "changed" | "shown" | "cleared";
  stage: "ahead" | "now";
  boarding: number;
  alighting: number;
  distance_m: number;
  shown_ms: number | null;
  outcome: "served" | "passed" | "cancelled" | "expired" | "moved" | null;
}

export interface ReportNote {
  at_ms: number;
  handle: string;
  vehicle_id: string | null;
  route_id: string;
  stop_id: string;
  said_ms: number;
  words?: string;
}

export interface BellStory {
  life: BellLife;
  steps: (BellStep)[];
  alerts: (AlertStep)[];
  reports: (ReportNote)[];
}

export interface PassByRow {
  id: string;
  at_ms: number;
  vehicle_id: string;
  plate: string;
  route_id: string;
  route_name: string;
  trip_id: string;
  stop_id: string;
  stop_name: string;
  stop_sequence: number;
  lat: number;
  lon: number;
  bells: (string)[];
  party: number;
  needs: ("wheelchair" | "ramp" | "blind" | "low_vision" | "deaf" | "slow" | "stroller")[];
  reason: string | null;
  outcome: "stopped" | "passed" | "unknown" | null;
  confidence: number | null;
  stood_s: number | null;
  reported: boolean;
}

export interface PassBys {
  from_ms: number;
  to_ms: number;
  at_ms: number;
  count: number;
  rows: (PassByRow)[];
}

export interface Glimpse {
  at_ms: number;
  from_stop_m: number;
  speed_mps?: number | null;
  doors?: "open" | "closed" | null;
}

export interface Evidence {
  row: PassByRow;
  told_ms: number | null;
  shown_ms: number | null;
  decide_ms: number | null;
  decide_m: number | null;
  least_speed_mps: number | null;
  doors: "open" | "closed" | null;
  arrived_ms: number | null;
  departed_ms: number | null;
  profile: (Glimpse)[];
  alerts: (AlertStep)[];
  reports: (ReportNote)[];
}

export interface TerminalHealth {
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
  troubles: (string)[];
  last_ms: number | null;
  skew_s: number | null;
  accuracy_m: number | null;
  sound: string | null;
  screen: string | null;
}

export interface Terminals {
  at_ms: number;
  count: number;
  by_trouble: Record<string, number>;
  vehicles: (TerminalHealth)[];
}

export interface TerminalNote {
  at_ms: number;
  vehicle_id: string;
  trouble: "down" | "silent" | "frozen" | "sound_failed" | "screen_failed" | "clock_off" | "gps_bad";
  wrong: boolean;
  value?: number | null;
}

export interface TerminalHistory {
  from_ms: number;
  to_ms: number;
  at_ms: number;
  count: number;
  vehicle_id: string;
  plate: string;
  rows: (TerminalNote)[];
}

export interface Limit {
  what: string;
  per_min: number;
  burst: number;
}

export interface DoorNote {
  at_ms: number;
  what: "ring" | "kiosk" | "ticket" | "report";
  who: string;
  count: number;
  stop_id?: string | null;
}

export interface FrequentRider {
  who: string;
  bells: number;
  cancelled: number;
  expired: number;
  served: number;
  last_ms: number;
}

export interface Rush {
  stop_id: string;
  stop_name: string;
  from_ms: number;
  rings: number;
  riders: number;
  cancelled: number;
}

export interface Abuse {
  from_ms: number;
  to_ms: number;
  at_ms: number;
  count: number;
  limits: (Limit)[];
  turned_away: (DoorNote)[];
  riders: (FrequentRider)[];
  rushes: (Rush)[];
}

export interface Rule {
  name: string;
  value: string | number | boolean;
  default: string | number | boolean;
  source: string;
}

export interface About {
  version: string;
  started_ms: number;
  demo: boolean;
  network: Record<string, string | number | null>;
  policy_name: string;
  policy_version: number;
  policy: (Rule)[];
  policies: (string)[];
  retention: Record<string, string>;
  login: string;
}

export interface RideRow {
  ride_id: string;
  state: "detected" | "aboard" | "alighted" | "settled" | "voided" | "asked";
  boarded_ms: number;
  alighted_ms: number | null;
  route_name: string;
  plate: string | null;
  board_stop: string | null;
  alight_stop: string | null;
  distance_m: number | null;
  party: number;
  fare_won: number | null;
  confidence: number;
  waiver: "void" | "card" | "dispute" | null;
  disputed: boolean;
  verdict: "not_charged" | "stands" | null;
}

export interface RideList {
  from_ms: number;
  to_ms: number;
  at_ms: number;
  count: number;
  by_state: Record<string, number>;
  rows: (RideRow)[];
}

export interface EvidenceItem {
  key: "checked_in" | "checked_out" | "boarding_bell" | "alighting_bell" | "heard_beacons" | "moved_with_bus" | "positions_agree" | "doors_opened" | "stopped_hearing" | "moved_away" | "inspected" | "card_tap" | "inferred_exit" | "other_bus" | "corrected";
  values: Record<string, string | number>;
}

export interface FareStep {
  tap: "board" | "alight";
  at_ms: number;
  won: number;
  rules: (string)[];
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

export interface RideMessage {
  seq: number;
  ride_id: string;
  state: "detected" | "aboard" | "alighted" | "settled" | "voided" | "asked";
  vehicle_id: string;
  plate: string;
  route_id: string;
  route_name: string;
  party: number;
  confidence: number;
  began_ms: number;
  at_ms: number;
  evidence: (EvidenceItem)[];
  board_stop_id?: string;
  board_stop_name?: string;
  board_stop_sequence?: number;
  board_at_ms?: number;
  alight_stop_id?: string;
  alight_stop_name?: string;
  alight_stop_sequence?: number;
  alight_at_ms?: number;
  distance_m?: number;
  fare_won?: number;
  question?: "aboard" | "board" | "alight";
  undo_until_ms?: number;
  by_card?: boolean;
  reason?: "bad_message" | "unknown_type" | "not_authenticated" | "forbidden" | "rate_limited" | "busy" | "store_unavailable" | "unknown_stop" | "unknown_route" | "unknown_trip" | "unknown_vehicle" | "unknown_bell" | "unknown_alert" | "unknown_ride" | "not_yours" | "id_reused" | "not_at_stop" | "route_not_at_stop" | "alight_only" | "board_only" | "one_bell_at_a_time" | "no_bus_can_serve" | "no_free_bay" | "not_in_service" | "too_late" | "bus_here_now" | "not_on_board" | "moving" | "fix_stale" | "fix_future" | "fix_duplicate" | "fix_out_of_order" | "fix_implausible" | "full" | "cannot_stop" | "off_route" | "signed_off" | "bus_silent" | "no_terminal" | "overtaken" | "walked_away" | "unsure" | "no_more_buses" | "too_old" | "network_changed" | "boarded_elsewhere" | "ride_over" | "undo_too_late";
  receipt?: Receipt;
}

export interface LedgerLine {
  account: string;
  won: number;
  ride_id: string;
  tap: string;
  rules: (string)[];
}

export interface LedgerEntry {
  entry_id: string;
  kind: string;
  day: string;
  booked_ms: number;
  at_ms: number;
  hash: string;
  lines: (LedgerLine)[];
}

export interface RideStory {
  row: RideRow;
  ride: RideMessage | null;
  receipt: Receipt | null;
  entries: (LedgerEntry)[];
}

export interface RideFigures {
  from_ms: number;
  to_ms: number;
  rides: number;
  charged: number;
  charged_won: number;
  void: number;
  by_card: number;
  disputed: number;
  unsettled: number;
  corrections: number;
  corrections_won: number;
  unpriced: number;
  confidence: (number)[];
}

export interface LedgerDay {
  day: string;
  closed_ms: number;
  entries: number;
  debit_won: number;
  seal: string;
}

export interface LedgerDays {
  days: (LedgerDay)[];
}

export interface BalanceRow {
  account: string;
  debit_won: number;
  credit_won: number;
  won: number;
}

export interface TrialBalance {
  last_day: string;
  rows: (BalanceRow)[];
  sum_won: number;
}

export interface DisputeItem {
  ride_id: string;
  what: string;
  words: string;
  at_ms: number;
  fare_won: number | null;
  route_id: string;
  vehicle_id: string;
  boarded_ms: number;
  verdict: string | null;
}

export interface Disputes {
  disputes: (DisputeItem)[];
}

export interface ConflictItem {
  fact_id: string;
  at_ms: number;
  held: string;
  came: string;
}

export interface Conflicts {
  conflicts: (ConflictItem)[];
}

export interface DeviceItem {
  device: string;
  watermark: number;
  highest: number;
  missing: ((number)[])[];
}

export interface DeviceList {
  devices: (DeviceItem)[];
}
