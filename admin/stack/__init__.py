"""The local stack: the servers `relance up` and the tests run, their data folder and their supervisor."""
