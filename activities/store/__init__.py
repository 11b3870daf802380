"""The ledger: PostgreSQL behind plain functions. A transaction is one unit of work."""
