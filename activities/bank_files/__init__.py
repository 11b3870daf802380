"""Files of banks: what they are, and what they say. Pure reading: no ledger, no clock."""

from activities.bank_files.check import read
from activities.bank_files.parts import BadFile, Closed, Kind, Movement, Opened, Part
from activities.bank_files.recognise import recognise

__all__ = ["BadFile", "Closed", "Kind", "Movement", "Opened", "Part", "read", "recognise"]
