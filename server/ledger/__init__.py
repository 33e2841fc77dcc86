"""What rides cost, kept: the clerk that books them, and the tables people read. Above the ports."""
