"""The crash campaign: servers are killed while messages leave, and two books are compared afterwards."""
