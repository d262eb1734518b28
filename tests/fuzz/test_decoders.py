"""Every decoder that `make fuzz` tries, on a few hundred inputs; and what counts as a fault."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.fuzz.__main__ import is_done
from tests.fuzz.decoder import GROWTH_KIB, TOKENS, Decoder, fault
from tests.fuzz.table import FAMILIES
from tests.randomness import many


def mutated(seeds: Sequence[bytes], dice: random.Random, count: int, size: int) -> Iterator[bytes]:
    """The seeds, then random changes of them."""
    yield from seeds
    for _ in range(count):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 4)):
            start, end = sorted((dice.randint(0, len(data)), dice.randint(0, len(data))))
            end = min(end, start + 20)
            data[start:end] = dice.choice((b"", dice.randbytes(3), dice.choice(TOKENS), data[start:end] * 2))
        yield bytes(data[:size])


@pytest.mark.parametrize("family", FAMILIES)
def test_decoders_handle_any_input(family: str, dice: random.Random) -> None:
    for decoder in FAMILIES[family]():
        for data in mutated(decoder.seeds, dice, many(300), decoder.size):
            assert fault(decoder, data) is None, (decoder.name, data)


def test_names_are_unique() -> None:
    names = [decoder.name for decoders in FAMILIES.values() for decoder in decoders()]
    assert len(names) == len(set(names))


def test_an_error_that_is_not_documented_is_a_fault() -> None:
    decoder = Decoder("numbers", int, (ValueError,), ())
    assert fault(decoder, b"7") is None
    assert fault(decoder, b"seven") is None
    found = fault(decoder._replace(errors=()), b"seven")
    assert found is not None
    assert found.place.startswith("ValueError at ")
    assert "invalid literal" in found.details


def test_a_decoder_is_done_after_all_inputs_without_a_fault(tmp_path: Path) -> None:
    assert not is_done(tmp_path, 5)
    (tmp_path / "cases").write_text("5")
    (tmp_path / "faults").mkdir()
    assert is_done(tmp_path, 5)
    assert not is_done(tmp_path, 6)
    (tmp_path / "faults" / "0123").touch()
    assert not is_done(tmp_path, 5)


def test_too_much_memory_is_a_fault() -> None:
    found = fault(Decoder("bombs", lambda data: bytearray(b"a") * (len(data) * GROWTH_KIB * 1024 * 16), (), ()), b"a")
    assert found is not None
    assert found.place == "memory"


def test_too_much_time_is_a_fault_where_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.decoder.CPU_SECONDS", -1)
    decoder = Decoder("numbers", int, (ValueError,), ())
    assert fault(decoder, b"7") is None
    found = fault(decoder, b"7", is_timed=True)
    assert found is not None
    assert found.place == "time"
