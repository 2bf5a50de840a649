"""SSD's colours: by hand, beside Python's own HSV, and pixel by pixel."""

import colorsys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from dsod_lite.datasets.augmentation import colours
from dsod_lite.datasets.augmentation.colours import ssd_colours

ORDER = ("brightness", "contrast", "saturation", "hue")


def changed(pixels: list[tuple[int, int, int]], contrast_first: bool = True, **amounts: float) -> Tensor:
    """Pixels [N, 3] with random numbers that give these changes; an amount is in [0, 1), as it is sampled."""
    chances = [0.0 if name in amounts else 1.0 for name in ORDER]
    uniform = torch.tensor([*chances, *(amounts.get(name, 0.0) for name in ORDER), 0.0 if contrast_first else 1.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(colours.torch, "rand", lambda count: uniform[:count])
        return ssd_colours(torch.tensor(pixels, dtype=torch.uint8).T[:, :, None]).squeeze(2).T


def test_brightness_is_added_and_cut_off() -> None:
    assert changed([(0, 100, 250)], brightness=0.75).tolist() == [[16, 116, 255]]
    assert changed([(0, 100, 250)], brightness=0.0).tolist() == [[0, 68, 218]]


def test_contrast_multiplies() -> None:
    assert changed([(10, 100, 250)], contrast=0.0).tolist() == [[5, 50, 125]]
    assert changed([(10, 100, 250)], contrast=0.5).tolist() == [[10, 100, 250]]
    assert changed([(10, 100, 250)], contrast=0.7).tolist() == [[12, 120, 255]]


def test_saturation_moves_towards_the_largest_channel() -> None:
    # Largest 200, least 100: saturation is 1/2. At half of that, the least is 200 · (1 - 1/4).
    out = changed([(200, 100, 100), (80, 80, 80)], saturation=0.0)
    assert (out - torch.tensor([[200, 150, 150], [80, 80, 80]])).abs().max() <= 1


def test_hue_turns_by_at_most_36_degrees_either_way() -> None:
    # Red is at 0°, so a tenth of a turn later is (255, 0.6 · 255, 0), and before (255, 0, 0.6 · 255).
    assert (changed([(255, 0, 0)], hue=0.99999) - torch.tensor([255, 153, 0])).abs().max() <= 4
    assert (changed([(255, 0, 0)], hue=0.0).int() - torch.tensor([255, 0, 153])).abs().max() <= 4
    assert changed([(255, 0, 0)], hue=0.5).tolist() == [[255, 0, 0]]


byte = st.integers(0, 255)
share = st.floats(0, 0.984375, width=32)


@given(st.tuples(byte, byte, byte), share, share, share, share, st.booleans())
def test_all_together_beside_python_s_hsv(
    pixel: tuple[int, int, int], brightness: float, contrast: float, saturation: float, hue: float, first: bool
) -> None:
    """The authors' order in floats. Eight bits of hue and saturation cost a few steps of 255."""
    amounts = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
    values = [min(max(p + 64 * brightness - 32, 0), 255) for p in pixel]
    if first:
        values = [min(v * (0.5 + contrast), 255) for v in values]
    h, s, v = colorsys.rgb_to_hsv(*(value / 255 for value in values))
    turned = colorsys.hsv_to_rgb((h + (2 * hue - 1) / 10) % 1, min(s * (0.5 + saturation), 1), v)
    values = [value * 255 for value in turned]
    if not first:
        values = [min(v * (0.5 + contrast), 255) for v in values]
    out = changed([pixel], contrast_first=first, **amounts)[0].float()
    assert (out - torch.tensor(values)).abs().max() <= 16
    assert (out.max() - max(values)).abs() <= 3  # brightness and contrast alone decide on the largest channel


def test_each_change_has_an_even_chance() -> None:
    picture = torch.tensor([[200], [120], [60]], dtype=torch.uint8)[:, :, None]
    torch.manual_seed(0)
    outs = [ssd_colours(picture).flatten().tolist() for _ in range(600)]
    same = sum(out == [200, 120, 60] for out in outs) / 600
    assert 0.04 < same < 0.11  # 1/16, and a few whose change rounds to nothing
    assert len({tuple(out) for out in outs}) > 400


@given(st.integers(0, 2**31))
def test_each_pixel_is_treated_by_itself(seed: int) -> None:
    """So a cut or a mirror before it is the same as one after it, which `SSDCrop` relies on."""
    picture = torch.randint(0, 256, (3, 12, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    for move in (lambda p: p[:, 3:9, 2:7], lambda p: p.flip(2), lambda p: p.mT):
        torch.manual_seed(seed)
        before = ssd_colours(move(picture))
        torch.manual_seed(seed)
        assert torch.equal(before, move(ssd_colours(picture)))


def test_the_input_stays_as_it_is() -> None:
    picture = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)
    before = picture.clone()
    for seed in range(20):
        torch.manual_seed(seed)
        out = ssd_colours(picture)
        out += 1  # nor does it share memory
        assert torch.equal(picture, before)
