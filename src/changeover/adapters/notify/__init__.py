"""Where a run's events are told.

On a terminal: `story` turns events into the state of a run, `frame` draws a state, `live` keeps
the drawing up to date. Elsewhere: `plain` writes lines for people, `json_lines` for machines.
"""
