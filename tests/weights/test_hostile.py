"""Checkpoints from strangers: what they say of their sizes is not believed before it is compared."""

import contextlib
import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny import small_dsod

from dsod_lite import CheckpointError, DSODConfig, TrainConfig, load_model, save_model
from dsod_lite.support.errors import SettingError
from dsod_lite.weights import checkpoint


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "model.pt"
    save_model(path, small_dsod(), ["red", "blue"])
    return path


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members_are_refused_unread(
    method: int, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch only stores; a bomb compresses. Not one byte is unpacked to find out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(sound) as source, zipfile.ZipFile(packed, "w", method) as target:
        for member in source.infolist():
            target.writestr(member.filename, source.read(member))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("a member is read"))
    assert "truncated, altered" in refused(tmp_path / "packed.pt", packed.getvalue())


def test_one_member_that_is_listed_300_times_is_refused_unread(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = io.BytesIO(sound.read_bytes())
    with zipfile.ZipFile(many, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        largest = max(archive.infolist(), key=lambda member: member.file_size)
        archive.filelist += [largest] * 300
        archive.comment = b"-"  # has the directory written anew
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("a member is read"))
    refused(tmp_path / "many.pt", many.getvalue())


@settings(max_examples=40)
@given(place=st.integers(1, 6000), value=st.integers(0, 255))
@example(place=22, value=255)  # the directory's end: where it begins
@example(place=6, value=255)
def test_an_altered_directory_is_a_checkpoint_error_or_does_no_harm(sound: Path, place: int, value: int) -> None:
    content = bytearray(sound.read_bytes())
    content[-place] = value
    path = sound.with_name("altered.pt")
    path.write_bytes(content)
    with contextlib.suppress(CheckpointError):
        load_model(path)


def altered(sound: Path, **fields: Any) -> bytes:
    state = torch.load(sound, weights_only=True)
    state["config"] |= fields
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"image_size": 20_000}, "config: image_size is 20000; it is 1 to 8192"),
        ({"image_size": True}, "config: image_size is True; it is a whole number"),
        ({"image_size": 64.5}, "config: image_size is 64.5; it is a whole number"),
        ({"block_layers": (3000, 1, 1, 1)}, "config: block_layers: 3003 layers, but the file has"),
        ({"block_layers": (1.5, 1, 1, 1)}, "model: "),
        ({"stem_channels": 100_000}, "model: "),
        ({"growth_rate": 10**12}, "model: "),
    ],
)
def test_a_config_that_the_weights_do_not_fit_allocates_nothing(
    fields: dict[str, Any], said: str, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checkpoint.DSOD

    def on_meta(config: DSODConfig) -> Any:
        assert torch.empty(0).is_meta
        return real(config)

    monkeypatch.setattr(checkpoint, "DSOD", on_meta)
    assert said in refused(tmp_path / "model.pt", altered(sound, **fields))


def test_weights_that_are_larger_than_their_file_are_refused(sound: Path, tmp_path: Path) -> None:
    """A tensor of one number may claim any shape, with strides of 0."""
    state = torch.load(sound, weights_only=True)
    state["model"] = {name: value.new_zeros(()).expand(value.shape) for name, value in state["model"].items()}
    content = io.BytesIO()
    torch.save(state, content)
    assert "its tensors are larger than the file" in refused(tmp_path / "model.pt", content.getvalue())


@pytest.mark.parametrize("name", ["builtins bytearray", "torch FloatTensor", "torch.storage UntypedStorage"])
def test_what_makes_room_for_as_much_as_it_is_told_is_not_called(name: str, sound: Path, tmp_path: Path) -> None:
    """torch calls these for any file, with any number."""
    content = io.BytesIO()
    with zipfile.ZipFile(sound) as source, zipfile.ZipFile(content, "w") as target:
        for member in source.infolist():
            called = b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\nJ\0\0\0\x01\x85R."  # name(2**24)
            target.writestr(member, called if member.filename.endswith("data.pkl") else source.read(member))
    assert "holds more than tensors and plain values" in refused(tmp_path / "model.pt", content.getvalue())


@pytest.mark.parametrize("field", ["format", "config", "classes"])
def test_lists_in_lists_are_counted_as_they_would_be_written(field: str, sound: Path, tmp_path: Path) -> None:
    """Each of the forty holds the one before twice: a message that shows the last one would never end."""
    state, content = torch.load(sound, weights_only=True), io.BytesIO()
    value: list[Any] = []
    for _ in range(40):
        value = [value, value]
    state[field] = {"image_size": value} if field == "config" else value
    torch.save(state, content)
    assert "its values, written out, are larger than the file" in refused(tmp_path / "model.pt", content.getvalue())


@pytest.mark.parametrize("value", [True, 64.5, 64.0, "64"])
def test_a_number_of_things_is_whole(value: Any) -> None:
    with pytest.raises(ValueError, match=r"image_size is .*; it is a whole number"):
        DSODConfig(image_size=value)
    with pytest.raises(SettingError, match=r"batch_size is .*; it is a whole number"):
        TrainConfig(epochs=1, batch_size=value)
