"""The gallery: every message in French and English, and each page of the console, as files to look at."""
