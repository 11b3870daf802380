"""What people tell of a case or a customer in forms: what each takes, what it would change, its telling."""
