/* Recordings and replays. Written from server/protocol/replays.py by tests/web_js/replay_types.py; tests/web_js checks that it is current. */

export interface RecordingCommand {
  action: "start" | "stop";
}

export interface RecordingRow {
  name: string;
  holds: "recording" | "decisions";
  kind: "live" | "rolling" | "given";
  state: "recording" | "complete" | "interrupted";
  why_ended: string | null;
  begun_ms: number | null;
  ended_ms: number | null;
  lines: number | null;
  stored_bytes: number;
  network_version: string;
  feed_hash: string;
  policy: string;
}

export interface Recordings {
  at_ms: number;
  recording: string | null;
  keep_days: number;
  recordings: (RecordingRow)[];
}

export interface ReplayRequest {
  recording: string;
  policy: string;
  network: string | null;
  decisions: string | null;
}

export interface ReplayJob {
  replay_id: string;
  recording: string;
  policy: string;
  decisions: string | null;
  state: "waiting" | "running" | "done" | "failed";
  progress: number;
  asked_ms: number;
  done_ms: number | null;
  why_failed: string | null;
}

export interface ReplayJobs {
  replays: (ReplayJob)[];
  policies: (string)[];
}

export interface Chunk {
  from_ms: number;
  to_ms: number;
  rows: number;
}

export interface Density {
  bin_ms: number;
  fixes: (number)[];
  rings: (number)[];
  alerts: (number)[];
  passed: (number)[];
}

export interface ReplayIndex {
  from_ms: number;
  to_ms: number;
  chunks: (Chunk)[];
  density: Density;
  counts: Record<string, number>;
  policy: string;
  network_version: string;
  timezone: string;
  late: number;
  bad_lines: number;
}

export interface PatternStop {
  stop_id: string;
  stop_sequence: number;
  name: string;
  along_m: number;
  lat: number;
  lon: number;
}

export interface ReplayPattern {
  pattern_id: string;
  route_id: string;
  route_name: string;
  direction_id: number | null;
  headsign: string;
  length_m: number;
  stops: (PatternStop)[];
  line: ([number, number, number])[];
}

export interface ReplayPatterns {
  patterns: (ReplayPattern)[];
}

export interface KeyFrame {
  vehicles: (Record<string, any>)[];
  bells: (Record<string, any>)[];
  alerts: (Record<string, any>)[];
}

export interface ReplayChunk {
  from_ms: number;
  to_ms: number;
  key: KeyFrame;
  rows: (Record<string, any>)[];
}

export interface ReplayStory {
  rows: (Record<string, any>)[];
  more: number;
}

export interface Fate {
  vehicle_id: string | null;
  plate: string | null;
  state: string | null;
  told_ms: number | null;
  attempts: number;
  refused: string | null;
}

export interface Difference {
  bell_id: string;
  rung_ms: number;
  route_id: string;
  stop_id: string;
  differs: ("bus" | "outcome" | "told")[];
  one: Fate;
  other: Fate;
}

export interface Comparison {
  bells: number;
  same: number;
  one_states: Record<string, number>;
  other_states: Record<string, number>;
  alerts: [number, number];
  differences: (Difference)[];
}

export interface Why {
  choice: Record<string, any>;
}
