"""For all tests: signals mean what they mean on a terminal.

A suite that is started in the background of a shell, or under nohup, inherits SIGINT or SIGHUP
as ignored, and hands that on to every command it starts: no Ctrl-C would ever reach one.
"""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
