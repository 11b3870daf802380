"""Facts told about invoices: what changes what is owed, contested, promised or allowed."""
