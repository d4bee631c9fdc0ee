"""From what the user ships to a directory that replicas run from.

`readers` turn a directory, an archive or a single file into entries; `layout` refuses entries
that could touch anything outside; `tree` writes what is left; `digest` names the result by its
content; `store` keeps it. `retention` decides what may go, `identity` that one version name means
one content, `naming` which name a version gets when the user gives none.
"""
