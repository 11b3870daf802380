"""The people side of Relance: HTTP API, console, command line and the local stack."""
