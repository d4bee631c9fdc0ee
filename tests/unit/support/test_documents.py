"""The reader of documents sees what a person would, and is not easily content."""

from pathlib import Path

import pytest

from support.documents import Shown, Written, missing, read
from support.reader import Reader

DOCUMENT = """
<!-- ports: 8080 -->
<!-- file: a/note.txt -->
```yaml
port: 8080
```

```console
$ not marked, not run
```

<!-- run -->
```console
$ cd a
$ cat \\
> note.txt
port: 8080
```

<!-- run: exit 3 -->
```console
$ echo bad; exit 3
...
b...d
```
"""


def written(tmp_path: Path, text: str) -> list[Shown | Written]:
    path = tmp_path / "document.md"
    path.write_text(text)
    return read(path)


def test_files_and_marked_commands_are_read_in_order_with_free_ports(tmp_path: Path) -> None:
    note, change_directory, show, fail = written(tmp_path, DOCUMENT)
    assert isinstance(note, Written)
    port = note.content.removeprefix("port: ").strip()
    assert port.isdigit()
    assert port != "8080"
    assert change_directory == Shown("cd a", ())
    assert show == Shown("cat \\\nnote.txt", (f"port: {port}",))
    assert fail == Shown("echo bad; exit 3", ("b...d",), exit_code=3)


def test_a_document_that_is_true_is_followed_to_its_end(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for step in written(tmp_path, DOCUMENT):
        reader.follow(step, timeout_s=60)
    assert reader.end_what_is_left() == []


@pytest.mark.parametrize(
    "step",
    [Shown("echo one", ("two",)), Shown("exit 1", ()), Shown("true", (), exit_code=1)],
    ids=["other output", "fails", "succeeds"],
)
def test_a_document_that_is_not_true_is_found_out(step: Shown, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Reader(tmp_path).follow(step, timeout_s=60)


def test_what_a_document_leaves_running_is_found_and_ended(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.follow(Shown("setsid sleep 321 &", ()), timeout_s=60)
    reader.follow(Shown("env -i setsid sleep 322 &", ()), timeout_s=60)
    found = reader.end_what_is_left()
    assert len(found) == 2
    assert all("sleep 32" in words for words in found)
    assert reader.end_what_is_left() == []


def test_expected_lines_must_come_in_their_order() -> None:
    assert missing(("one", "t...o"), "zero\none\nnoise\ntwo") is None
    assert missing(("two", "one"), "one\ntwo") == "one"
