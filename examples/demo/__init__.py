"""`python -m examples.demo`: the main job of changeover on this machine, in a minute.

`acts` says what is shown, `stage` is where (a directory, a port, the proxy, the replicas), `show`
does it, `terminal` and `plain` are two ways to watch, `ending` is what is said when it is over.
"""
