"""Pure rules of dunning: from facts to a decision, without clock, network or database."""
