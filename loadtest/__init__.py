"""Load tests: many terminals, riders and stop buttons on the real protocol, with thresholds that can fail."""
