"""Payment providers: the client that the ledger's clerk uses, and a practice provider that is not a bank."""
