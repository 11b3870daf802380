"""Electronic invoices of EN 16931: UBL, CII, and Factur-X, which is CII inside a PDF."""

from admin.intake.einvoice.document import Document, Note, Party, Refused
from admin.intake.einvoice.read import read

__all__ = ["Document", "Note", "Party", "Refused", "read"]
