"""Temporal workflows: the clock of the product. They obey recorded decisions and decide nothing."""
