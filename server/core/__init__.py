"""The rules. Pure: no asyncio, clock, logging, SQL or framework; time and random numbers are arguments."""
