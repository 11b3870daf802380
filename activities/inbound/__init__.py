"""What providers tell us: whether to believe it, kept as it came, worked on afterwards by any worker."""
