"""Documents of others that become invoices: electronic invoices and what becomes of them."""
