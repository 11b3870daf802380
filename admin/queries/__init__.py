"""What people and programs look at: questions to the ledger, one file a subject. Nothing here writes."""
