"""The demonstration: an invented creditor with a dozen customers, on the real stack."""
