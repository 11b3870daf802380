"""What is kept of companies, customers, contacts, invoices and policies."""
