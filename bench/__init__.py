"""Benchmarks, each with its baseline in the same run: `python -m bench` runs all of them.

A figure says little on another machine, so each is given as a ratio to something simpler that does the
same outward work beside it. Seconds are printed and never asserted.
"""
