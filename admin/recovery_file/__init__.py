"""The file for an agency, a lawyer or a court: what is owed, why, and every exhibit, as PDF and as ZIP."""

from admin.recovery_file.archive import archive
from admin.recovery_file.bind import bind
from admin.recovery_file.collect import RecoveryFile, collect

__all__ = ["RecoveryFile", "archive", "bind", "collect"]
