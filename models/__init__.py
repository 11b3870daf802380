"""The words of the business: tables, messages, names and errors."""
