"""Riders' phones and the beacons of buses: who hears what, and where everybody really was."""
