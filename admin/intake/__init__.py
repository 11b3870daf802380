"""Invoices in: files of any known format, recognised by what is in them, read into the same few items."""
