"""A seeded world of streets, buses, drivers and riders, with the truth about everything that happens in it."""
