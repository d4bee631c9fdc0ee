"""Turns a stored plan into facts, one journalled step at a time."""
