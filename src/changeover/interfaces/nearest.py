"""Did you mean: the known name that a mistyped one is closest to."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` most likely meant; None when nothing is close.

    Case and the choice between "-", "_" and " " do not count.
    """
    from difflib import get_close_matches  # used on the way to an error only

    plain = {_plain(candidate): candidate for candidate in known}
    found = get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "did you mean `replicas`?", or "" when nothing is close."""
    found = nearest(name, known)
    return f"did you mean `{found}`?" if found else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
