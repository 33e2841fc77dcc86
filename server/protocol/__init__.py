"""The wire contract, version 1: typed messages, their codec, and how decisions become messages."""
