"""What people are asked to do, and what comes of it."""
