"""Pictures of every kind come out as a viewer shows them, or as an error that names the file."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dsod_lite.datasets.files import find_images
from dsod_lite.datasets.images import image_size, read_image
from dsod_lite.support.errors import DataError

# Pillow remarks on damaged TIFFs, beside reading or refusing them.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")

Reader = Callable[[Path], object]
COLOURS = {"A": (255, 0, 0), "B": (0, 255, 0), "C": (0, 0, 255), "D": (255, 255, 0)}


def letters(rows: str) -> np.ndarray:
    """ "AB/CD" -> a picture of four blocks, 16 wide and 8 high each."""
    picture = np.array([[COLOURS[c] for c in row] for row in rows.split("/")], dtype=np.uint8)
    return picture.repeat(8, axis=0).repeat(16, axis=1)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def read(path: Path) -> np.ndarray:
    """What `read_image` says, [H, W, 3], once the parts of its promise that hold for every picture are checked."""
    image = read_image(path)
    assert image.dtype == torch.uint8
    assert image.shape[0] == 3
    assert image_size(path) == (image.shape[2], image.shape[1])
    return image.permute(1, 2, 0).numpy()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, data: bytes, *after: bytes) -> bytes:
    """A PNG by the letter of its specification; `after` are chunks between the pixels and the end."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(data)), *after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# --- the camera's orientation -------------------------------------------------------------------------------

# By the EXIF specification: where the first stored row and the first stored column are seen.
SEEN = {1: "AB/CD", 2: "BA/DC", 3: "DC/BA", 4: "CD/AB", 5: "AC/BD", 6: "CA/DB", 7: "DB/CA", 8: "BD/AC"}


def seen(orientation: int) -> np.ndarray:
    upright = letters(SEEN[orientation])  # blocks of 16×8, but the sides are swapped from 5 on
    return upright if orientation < 5 else upright[::8, ::16].repeat(16, axis=0).repeat(8, axis=1)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", SEEN)
def test_every_orientation_is_followed(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = tmp_path / f"picture{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {".jpg": {"quality": 95, "subsampling": 0}, ".webp": {"lossless": True}}.get(suffix, {})
    Image.fromarray(letters("AB/CD")).save(path, exif=exif, **options)
    np.testing.assert_allclose(read(path).astype(int), seen(orientation), atol=3 if suffix == ".jpg" else 0)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(letters("AB/CD")).save(tmp_path / "picture.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "picture.png"), letters("AB/CD"))


def test_a_png_may_give_its_orientation_after_its_pixels(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in letters("AB/CD"))
    exif = Image.Exif()
    exif[0x0112] = 6
    late = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    (tmp_path / "picture.png").write_bytes(png(32, 16, 8, 2, rows, late))
    np.testing.assert_array_equal(read(tmp_path / "picture.png"), seen(6))


# --- modes --------------------------------------------------------------------------------------------------


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(8, 32)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read(tmp_path / "grey.png"), np.stack([grey] * 3, axis=-1))


def test_black_and_white(tmp_path: Path) -> None:
    bits = np.eye(16, dtype=bool)
    Image.fromarray(bits).save(tmp_path / "bits.png")
    assert Image.open(tmp_path / "bits.png").mode == "1"
    np.testing.assert_array_equal(read(tmp_path / "bits.png")[..., 0], bits * 255)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".bmp"])
def test_a_palette_becomes_its_colours(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"palette{suffix}"
    Image.fromarray(letters("AB/CD")).quantize(4).save(path)
    assert Image.open(path).mode == "P"
    np.testing.assert_array_equal(read(path), letters("AB/CD"))


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_transparent_palette_entry_is_white(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"palette{suffix}"
    palette = Image.fromarray(letters("AB/CD")).quantize(4)
    palette.save(path, transparency=palette.getpixel((0, 0)))  # A's entry
    expected = letters("AB/CD")
    expected[:8, :16] = 255
    np.testing.assert_array_equal(read(path), expected)


def test_palette_entries_may_be_half_transparent(tmp_path: Path) -> None:
    Image.fromarray(letters("AA/AA")).quantize(1).save(tmp_path / "p.png", transparency=b"\x80")
    np.testing.assert_allclose(read(tmp_path / "p.png")[0, 0].astype(int), [255, 127, 127], atol=1)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(tmp_path: Path, mode: str, suffix: str) -> None:
    channels = len(mode)
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, channels), dtype=np.uint8)
    picture[:4, :, -1], picture[4:8, :, -1] = 0, 255  # hidden, and not transparent at all
    path = tmp_path / f"picture{suffix}"
    exactly = {"lossless": True, "exact": True} if suffix == ".webp" else {}
    Image.fromarray(picture, mode).save(path, **exactly)
    alpha = picture[..., -1:] / 255
    expected = picture[..., :-1] * alpha + 255 * (1 - alpha)
    np.testing.assert_allclose(read(path), np.broadcast_to(expected, (16, 16, 3)), atol=1)


def test_a_grey_or_rgb_png_may_name_one_colour_transparent(tmp_path: Path) -> None:
    expected = letters("AB/CD")
    Image.fromarray(expected).save(tmp_path / "rgb.png", transparency=COLOURS["A"])
    expected[:8, :16] = 255
    np.testing.assert_array_equal(read(tmp_path / "rgb.png"), expected)


def test_a_cmyk_jpeg_is_not_inverted(tmp_path: Path) -> None:
    cyan, magenta, yellow, paper = (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 0)
    black, mixed = (0, 0, 0, 255), (100, 50, 0, 80)
    inks = np.array([[cyan, magenta, yellow], [paper, black, mixed]], dtype=np.uint8)
    inks = inks.repeat(16, axis=0).repeat(16, axis=1)
    Image.fromarray(inks, "CMYK").save(tmp_path / "print.jpg", quality=95, subsampling=0)
    assert Image.open(tmp_path / "print.jpg").mode == "CMYK"
    expected = (255.0 - inks[..., :3]) * (255.0 - inks[..., 3:]) / 255
    np.testing.assert_allclose(read(tmp_path / "print.jpg"), expected, atol=6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_keeps_its_brightness(tmp_path: Path, suffix: str) -> None:
    values = np.linspace(0, 65535, 32 * 16).astype(np.uint16).reshape(16, 32)
    Image.fromarray(values).save(tmp_path / f"deep{suffix}")
    np.testing.assert_array_equal(read(tmp_path / f"deep{suffix}")[..., 1], (values / 257).round())


@pytest.mark.parametrize(("most", "per_step"), [(255, 1), (65535, 257)])
def test_32_bit_grey_is_taken_for_8_or_16_bits_by_its_largest_value(tmp_path: Path, most: int, per_step: int) -> None:
    values = np.linspace(0, most, 32 * 16).astype(np.int32).reshape(16, 32)
    Image.fromarray(values).save(tmp_path / "deep.tif")
    np.testing.assert_array_equal(read(tmp_path / "deep.tif")[..., 0], (values / per_step).round())


def test_dark_16_bit_grey_stays_dark(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 255, dtype=np.uint16)).save(tmp_path / "dark.png")
    assert read(tmp_path / "dark.png").max() == 1


def test_16_bit_grey_is_turned_too(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.uint16).reshape(3, 4) * 257
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(values).save(tmp_path / "deep.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "deep.png")[..., 0], np.rot90(values // 257, -1))


def test_16_bit_colour_keeps_its_high_byte(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (4, 5, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    (tmp_path / "deep.png").write_bytes(png(5, 4, 16, 2, rows))
    np.testing.assert_allclose(read(tmp_path / "deep.png"), values / 257, atol=1)


def test_pixels_that_are_floats_have_no_brightness_to_agree_on(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), dtype=np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(DataError, match=r"float\.tif.*floats"):
        read_image(tmp_path / "float.tif")


# --- broken files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [3, 50, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif", ".bmp", ".tif"])
def test_a_truncated_picture_names_its_file(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"cut{suffix}"
    noise(64, 48).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    with pytest.raises(DataError) as error:
        read_image(path)
    assert str(error.value).startswith(f"{path}: cannot be read as a picture")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95, -1])
def test_a_jpeg_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "cut.jpg"
    noise(64, 48).save(path, quality=30)
    whole, content = read_image(path), path.read_bytes()
    header = content.index(b"\xff\xda")  # the pixels begin
    path.write_bytes(content[:kept] if kept < 0 else content[: header + int((len(content) - header) * kept)])
    with pytest.warns(UserWarning, match=r"cut\.jpg: lacks its last bytes"):
        image = read_image(path)
    rows = int(48 * max(kept, 0)) // 16 * 16 - 16
    assert image.shape == whole.shape
    assert torch.equal(image[:, : max(rows, 0)], whole[:, : max(rows, 0)])


@pytest.mark.parametrize("read_it", [read_image, image_size])
@pytest.mark.parametrize("content", [b"", b"\0", b"not a picture\n" * 50, b"<html></html>"])
def test_what_is_no_picture_names_its_file(tmp_path: Path, read_it: Reader, content: bytes) -> None:
    path = tmp_path / "notes.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_it(path)
    assert str(error.value).startswith(f"{path}: cannot be read as a picture")


@pytest.mark.parametrize("read_it", [read_image, image_size])
def test_a_missing_picture_and_a_folder_name_themselves(tmp_path: Path, read_it: Reader) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg: there is no such file"):
        read_it(tmp_path / "gone.jpg")
    with pytest.raises(DataError) as error:
        read_it(tmp_path)
    assert str(error.value).startswith(f"{tmp_path}: cannot be read")


@pytest.mark.parametrize("read_it", [read_image, image_size])
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, read_it: Reader) -> None:
    (tmp_path / "bomb.png").write_bytes(png(30_000, 30_000, 8, 2, b"\0" * 1000))
    # The message has to be about the size: one about missing pixels would come after making room for 2.7 GB.
    with pytest.raises(DataError, match=r"bomb\.png: .*900000000 pixels"):
        read_it(tmp_path / "bomb.png")


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    noise(24, 16).save(file, kind)
    return file.getvalue()


@given(st.data(), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"]))
def test_damage_is_read_or_reported(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str) -> None:
    content = bytearray(encoded(kind))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    try:
        image = read_image(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 - either answer is right
    else:
        assert image.dtype == torch.uint8
        assert image_size(path) == (image.shape[2], image.shape[1])


# --- finding them -------------------------------------------------------------------------------------------


def test_pictures_among_files_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "not_a_picture.png").mkdir(parents=True)
    for name in ("b.JPG", "a.png", "c.jpeg", "notes.txt", "ö ü.webp"):
        (folder / name).touch()
    single = tmp_path / "single.dat"  # named by the user, so it is tried
    single.touch()
    (folder / ".hidden").mkdir()
    (folder / ".hidden/d.png").touch()
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/e.png").touch()
    (folder / "linked").symlink_to(tmp_path / "disk", target_is_directory=True)
    names = [path.name for path in find_images([single, folder])]
    assert names == ["single.dat", "a.png", "b.JPG", "c.jpeg", "e.png", "ö ü.webp"]


def test_a_folder_without_pictures_and_a_missing_path_are_errors(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="there is no picture in this folder"):
        find_images([tmp_path])
    with pytest.raises(DataError, match=r"gone: there is no such file or folder"):
        find_images([tmp_path / "gone"])


# --- what a file claims to be -------------------------------------------------------------------------------


def test_what_begins_another_program_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow gives EPS to Ghostscript, whatever the file is called."""
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program is started"))
    path = tmp_path / "photo.jpg"
    noise(16, 16).save(path, "EPS")
    for read in (read_image, image_size):
        with pytest.raises(DataError, match="cannot be read as a picture"):
            read(path)


def test_sixteen_bits_are_rounded_without_floats(tmp_path: Path) -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(values).save(tmp_path / "grey.png")
    assert np.array_equal(read(tmp_path / "grey.png")[..., 0], (values / 257).round().astype(np.uint8))
