"""Portfolio files: reading them, foreseeing what they lead to, and bringing them into the ledger."""
