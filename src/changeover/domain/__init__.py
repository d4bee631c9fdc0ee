"""What the words mean: frozen data and pure functions over it.

Standard library only. No I/O, no clock, no randomness: everything that can differ
between two calls is an argument. Every other floor may import this one.
"""
