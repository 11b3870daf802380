"""Where providers tell us: each post is checked, kept, answered at once, and worked on afterwards."""
