"""The service's file: what may stand in it, reading it, problems with their place.

A file goes through `source` (text), `compose` (a tree that knows places), `overlay` (one tree for
each environment), the shapes of `settings` (frozen dataclasses) and `limits` (rules between
them); `load` drives that, `change` turns the outcome into the domain's words. `check` looks
further, `initial` writes a first file, `schema` describes files to editors, `summary` is the
short way for `status`.

Shapes are derived from dataclasses (`derive`), so that a strategy's options, a plug-in's too, are
declared once. They are our own because a general validation library has to be told all of it
anyway: units in names, places, the words of messages, what must not be repeated. Building the same
models on one took 0.25 s of CPU at each start, more than a whole command may.
"""
