"""The example with pandas in docs/store.md, beside a running store."""

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks_of
from tests.state.rig import event
from tests.store.rig import Keeping

pandas = pytest.importorskip("pandas", exc_type=ImportError)


def test_the_example_reads_each_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = blocks_of("python", DOCS / "store.md")
    with Keeping(tmp_path / "data", options={"seconds": 0.1}) as disk:
        for first in range(0, 12, 3):  # several files, which are merged meanwhile
            disk.events(*(event(id=f"e{first + place}", user_id=f"user-{place}") for place in range(3)))
            disk.until(lambda: disk.client.status.upto >= disk.log.position)
        monkeypatch.chdir(tmp_path)
        known: dict[str, object] = {}
        exec(compile(example.text, example.place, "exec"), known)
    events = known["events"]
    assert isinstance(events, pandas.DataFrame)
    assert sorted(events["id"]) == sorted(f"e{number}" for number in range(12))
    assert capsys.readouterr().out.split()[-2:] == ["12", "3"]
