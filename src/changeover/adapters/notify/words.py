"""Figures for people."""


def duration(seconds: float) -> str:
    """ "1.2 s", "42 s", "1:42 min", "2:03:04 h"; never less than nothing."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def percent(ratio: float) -> str:
    """ "10 %", "0.25 %", "33.3 %": no digits that say nothing, and never "0 %" or "100 %" for
    what is only near to it."""
    value = ratio * 100
    if 0 < value < 0.01:
        return "< 0.01 %"
    if 99.95 <= value < 100:
        return "> 99.9 %"
    text = f"{value:.1f}" if value >= 1 else f"{value:.2f}"
    return f"{text.rstrip('0').rstrip('.')} %"


def counted(number: int, noun: str) -> str:
    """ "1 request", "12,034 requests"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
