"""Everything that touches the world: the ledger, the providers, the clock, what a debtor reads."""
