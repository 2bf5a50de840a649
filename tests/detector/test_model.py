"""DSOD: the authors' numbers, torchvision's conventions, and what bad input gets."""

import copy
import dataclasses
import math
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import dsod_lite
from dsod_lite import DSOD, DSODConfig
from dsod_lite.detector.blocks import DenseLayer
from dsod_lite.detector.network import Network
from dsod_lite.detector.prediction import L2Norm
from dsod_lite.detector.priors import COCO300_PRIORS, PriorConfig

# A detector of 3 classes that takes milliseconds. Maps of 8, 4, 2, 1, 1 and 1 cells, 4 priors in each cell.
TINY = DSODConfig(
    num_classes=3,
    image_size=64,
    stem_channels=8,
    bottleneck=8,
    growth_rate=4,
    block_layers=(1, 1, 1, 1),
    prediction_channels=(16, 16, 16, 16, 16),
    priors=PriorConfig((6, 12, 24, 36, 48, 60), (12, 24, 36, 48, 60, 72), ((2,),) * 6),
)


def tiny(seed: int = 0, **fields: Any) -> DSOD:
    torch.manual_seed(seed)
    return DSOD(dataclasses.replace(TINY, **fields))


def picture(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def target(*boxes: tuple[float, ...], label: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.full((len(boxes),), label),
        **more,
    }


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def statistics(module: nn.Module) -> int:
    """BatchNorm's running means and variances."""
    return sum(2 * m.num_features for m in module.modules() if isinstance(m, nn.BatchNorm2d))


def on_meta(config: DSODConfig) -> Network:
    with torch.device("meta"):
        return Network(config)


# ---- the authors' network ---------------------------------------------------------------------------------


def test_dsod300_stage_by_stage() -> None:
    network = on_meta(DSODConfig()).eval()
    expected = {  # shape of the answer to 300x300, learnable parameters
        "stem": ((128, 75, 75), 112_832),
        "block1": ((416, 75, 75), 788_640),
        "transition1": ((416, 38, 38), 173_888),
        "block2": ((800, 38, 38), 1_572_992),
        "transition2": ((800, 38, 38), 641_600),
        "pool": ((800, 19, 19), 0),
        "block3": ((1184, 19, 19), 2_168_960),
        "transition3": ((1184, 19, 19), 1_404_224),
        "block4": ((1568, 19, 19), 2_764_928),
        "prediction.transition": ((256, 19, 19), 404_544),
        "prediction.reuse.0": ((256, 19, 19), 206_400),
    }
    found = {}

    def note(name: str) -> Any:
        def hook(module: nn.Module, _: Any, answer: Tensor) -> None:
            found[name] = (tuple(answer.shape[1:]), parameters(module))

        return hook

    for name in expected:
        network.get_submodule(name).register_forward_hook(note(name))
    offsets, logits = network(torch.empty(1, 3, 300, 300, device="meta"))
    assert found == expected
    assert offsets.shape == (1, 8744, 4)
    assert logits.shape == (1, 8744, 21)


@pytest.mark.parametrize(
    ("config", "total", "head_norms", "values"),
    [
        (DSODConfig(), 14_715_804, 1_500, 80_024),
        (DSODConfig(num_classes=81, priors=COCO300_PRIORS), 21_700_524, 5_100, 83_624),
    ],
    ids=["VOC", "COCO"],
)
def test_parameters_of_dsod300(config: DSODConfig, total: int, head_norms: int, values: int) -> None:
    network = on_meta(config)
    assert parameters(network) == total
    assert total - parameters(network.head) == 11_802_912
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(parameters(m) for m in network.head.modules() if isinstance(m, nn.BatchNorm2d)) == head_norms
    # Caffe's BatchNorm stores, beside means and variances, one value for each of the 92 layers.
    assert statistics(network) + len(norms) == values


def test_layers_of_dsod300() -> None:
    modules = list(on_meta(DSODConfig()).modules())
    kinds = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, L2Norm]
    assert [sum(isinstance(m, kind) for m in modules) for kind in kinds] == [92, 92, 80, 8, 6]
    assert all(m.bias is None for m in modules if isinstance(m, nn.Conv2d))


@pytest.mark.parametrize(
    ("name", "fields", "thousands"),
    [
        ("DS/64-192-48-1", {}, 14_796),
        ("DS/64-64-16-1", {}, 5_872),
        ("DS/64-12-16-1", {}, 5_080),
        ("DS/64-256-64-1", {"block_layers": (3, 4, 4, 4)}, 10_437),  # our reading of the paper's "lite"
    ],
)
def test_sizes_of_the_family_with_batchnorm_statistics(name: str, fields: dict[str, Any], thousands: int) -> None:
    network = on_meta(DSODConfig.from_name(name, **fields))
    assert round((parameters(network) + statistics(network)) / 1000) == thousands


def test_compression_and_transitions() -> None:
    network = on_meta(DSODConfig.from_name("DS/32-12-16-0.5", prediction="plain"))
    # 64 + 6 * 16 = 160, halved: 80. 80 + 8 * 16 = 208: 104. 104 + 128 = 232: 116. 116 + 128 = 244.
    assert network.transition1.out_channels == 80
    assert network.transition2.out_channels == 104
    assert network.transition3.out_channels == 116
    assert network.block4.out_channels == 244
    assert network.prediction.out_channels == [104, 512, 512, 256, 256, 256]

    # Without it the third block is the last: the prediction reads its 104 + 128 = 232 channels.
    network = on_meta(DSODConfig.from_name("DS/32-12-16-0.5", transition_without_pooling=False))
    assert sum(isinstance(m, DenseLayer) for m in network.modules()) == 6 + 8 + 8
    assert network.prediction.out_channels == [104, 512, 512, 256, 256, 256]
    assert network.prediction.transition[0][0].num_features == 232


def test_dsod300_answers() -> None:
    torch.manual_seed(0)
    model = dsod_lite.dsod300().eval()
    assert model.priors.shape == (8744, 4)
    with torch.no_grad():
        offsets, logits = model.network(model.normalize([picture(75, 100)]))
    assert offsets.shape == (1, 8744, 4)
    assert logits.shape == (1, 8744, 21)
    assert offsets.isfinite().all()
    assert logits.isfinite().all()


def test_epsilon_of_the_head_and_of_the_body() -> None:
    for name, module in on_meta(TINY).named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.eps == (1e-3 if name.startswith("head") else 1e-5), name


def test_the_body_starts_uniform_by_fan_in() -> None:
    torch.manual_seed(0)
    network = Network(DSODConfig.from_name("DS/32-32-16-1", prediction_channels=(64, 64, 32, 32, 32)))
    convolutions = [m for n, m in network.named_modules() if isinstance(m, nn.Conv2d) and not n.startswith("head")]
    units = []
    for conv in convolutions:
        fan_in = conv.in_channels * math.prod(conv.kernel_size)
        unit = conv.weight.detach().flatten() / math.sqrt(3 / fan_in)  # to be uniform between -1 and 1
        assert 0.9 < unit.abs().max() <= 1.0001
        assert unit.square().mean().item() == pytest.approx(1 / 3, rel=0.1)
        units.append(unit)
    pooled = torch.cat(units)
    assert pooled.mean().item() == pytest.approx(0, abs=0.01)
    for share in (0.25, 0.5, 0.75):
        assert (pooled.abs() < share).float().mean().item() == pytest.approx(share, abs=0.01)


# ---- pictures in ------------------------------------------------------------------------------------------


def test_normalize_by_hand() -> None:
    red, green, blue = 1.0, 0.5, 0.0
    image = torch.tensor([red, green, blue]).reshape(3, 1, 1).expand(3, 10, 30)
    batch = tiny().normalize([image])
    assert batch.shape == (1, 3, 64, 64)
    expected = torch.tensor([0 - 104, 127.5 - 117, 255 - 123]).reshape(3, 1, 1).expand(3, 64, 64)  # B, G, R
    torch.testing.assert_close(batch[0], expected)

    batch = tiny(channel_order="RGB", mean=(10.0, 20.0, 30.0), std=2.0).normalize([image])
    expected = torch.tensor([(255 - 10) / 2, (127.5 - 20) / 2, -15]).reshape(3, 1, 1).expand(3, 64, 64)
    torch.testing.assert_close(batch[0], expected)


def test_pictures_are_warped_not_cropped() -> None:
    image = torch.zeros(3, 20, 100)
    image[:, :, 50:] = 1  # the right half
    image[:, 10:] /= 2  # the lower half is darker
    batch = tiny(mean=(0.0, 0.0, 0.0)).normalize([image])
    quarters = [batch[0, 0, y, x].item() for y in (8, 56) for x in (8, 56)]
    assert quarters == pytest.approx([0, 255, 0, 127.5])


def test_a_batch_and_a_list_are_the_same() -> None:
    model = tiny()
    batch = torch.stack([picture(64, 64, seed) for seed in range(2)])
    assert torch.equal(model.normalize(batch), model.normalize(list(batch)))
    torch.testing.assert_close(model.normalize(batch) + model.mean, batch.flip(1) * 255)  # 64x64: nothing to warp
    other = torch.stack([picture(30, 50, seed) for seed in range(2)])
    torch.testing.assert_close(model.normalize(other), model.normalize(list(other)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_any_float_type(dtype: torch.dtype) -> None:
    model = tiny().eval()
    images = [picture(40, 60).to(dtype)]
    assert model.normalize(images).dtype == torch.float32
    torch.testing.assert_close(model.normalize(images), model.normalize([images[0].float()]), rtol=0, atol=3)
    assert model(images)[0]["boxes"].dtype == torch.float32


# ---- training mode ----------------------------------------------------------------------------------------

PICTURES = [picture(50, 80, 0), picture(70, 40, 1), picture(64, 64, 2)]
TARGETS = [
    target((10, 5, 60, 45), (0, 0, 20, 20)),
    target((5, 5, 30, 60), label=2),
    target((20, 20, 30, 30)),
]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stem": "densenet"},
        {"prediction": "plain"},
        {"transition_without_pooling": False},
        {"compression": 0.5},
        {
            "stem": "densenet",
            "prediction": "plain",
            "transition_without_pooling": False,
            "compression": 0.5,
        },
    ],
    ids=str,
)
def test_losses_and_gradients(fields: dict[str, Any]) -> None:
    model = tiny(**fields).train()
    losses = model(PICTURES, TARGETS)
    assert set(losses) == {"bbox_regression", "classification"}
    assert all(loss.shape == () and loss.isfinite() and loss > 0 for loss in losses.values())
    sum(losses.values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    first = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
    assert first.in_channels == 3
    assert first.weight.grad is not None
    assert first.weight.grad.abs().max() > 0
    assert len(model.eval()(PICTURES)) == 3


def test_a_few_steps_lower_the_loss() -> None:
    model = tiny().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    history = []
    for _ in range(15):
        loss = sum(model(PICTURES, TARGETS).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert history[-1] < history[0] / 2


def test_boxes_are_pixels_of_the_picture_given() -> None:
    # Plain grey pictures look the same whatever their size, so only the boxes can make a difference.
    model = tiny().train()
    grey = [torch.full((3, 40, 80), 0.3), torch.full((3, 64, 64), 0.6)]
    boxes = [torch.tensor([[8.0, 10, 40, 40]]), torch.tensor([[10.0, 10, 50, 60]])]
    labels = torch.tensor([1])
    one = model(grey, [{"boxes": b, "labels": labels} for b in boxes])
    other = model(
        [torch.full((3, 20, 240), 0.3), torch.full((3, 128, 32), 0.6)],
        [
            {"boxes": boxes[0] * torch.tensor([3, 0.5, 3, 0.5]), "labels": labels},
            {"boxes": boxes[1] * torch.tensor([0.5, 2, 0.5, 2]), "labels": labels},
        ],
    )
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.float16])
def test_boxes_of_any_number_type(dtype: torch.dtype) -> None:
    converted = [{**t, "boxes": t["boxes"].to(dtype)} for t in TARGETS]
    torch.testing.assert_close(tiny()(PICTURES, converted), tiny()(PICTURES, TARGETS))


def test_inputs_are_left_alone() -> None:
    images, targets = copy.deepcopy(PICTURES), copy.deepcopy(TARGETS)
    tiny().train()(images, targets)
    tiny().eval()(images)
    assert all(torch.equal(a, b) for a, b in zip(images, PICTURES, strict=True))
    for a, b in zip(targets, TARGETS, strict=True):
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)


def test_a_picture_without_objects() -> None:
    model = tiny().train()
    losses = model(PICTURES, [TARGETS[0], target(), TARGETS[2]])
    sum(losses.values()).backward()
    assert all(loss.isfinite() and loss > 0 for loss in losses.values())


@pytest.mark.parametrize("min_negatives", [0, 5])
def test_a_batch_in_which_no_picture_has_any(min_negatives: int) -> None:
    model = tiny(min_negatives=min_negatives).train()
    losses = model(PICTURES, [target(), target(), target()])
    sum(losses.values()).backward()
    first = next(m for m in model.modules() if isinstance(m, nn.Conv2d)).weight.grad
    assert first is not None
    assert first.isfinite().all()
    assert losses["bbox_regression"] == 0
    # The authors learn nothing from such a batch; with min_negatives it is background.
    assert (losses["classification"] > 0) == (first.abs().max() > 0) == (min_negatives > 0)


# ---- evaluation mode --------------------------------------------------------------------------------------


def answering(*answers: tuple[int, int, int, float], **fields: Any) -> DSOD:
    """A model that finds what it is told: (map, shape in the cell, class, logit), in every cell of the map.

    The head's convolutions are 0, so its BatchNorms' shifts alone answer: offsets 0, and these logits.
    """
    model = tiny(**fields).eval()
    with torch.no_grad():
        for offsets, logits in zip(model.network.head.offsets, model.network.head.logits, strict=True):
            offsets[0].weight.zero_()
            logits[0].weight.zero_()
            logits[1].bias.view(4, 3)[:, 1:] = -20
        for index, shape, label, logit in answers:
            model.network.head.logits[index][1].bias.view(4, 3)[shape, label] = logit
    return model


def test_detections_are_pixels_of_the_picture_given() -> None:
    # The fourth map has one cell. Its third shape is 36 * sqrt(2) wide and 36 / sqrt(2) high, of 64.
    model = answering((3, 2, 2, 0.0))
    images = [picture(40, 80), picture(100, 50), picture(64, 64)]
    detections = model(images)
    assert len(detections) == 3
    for image, found in zip(images, detections, strict=True):
        height, width = image.shape[1:]
        x, y = 0.3977476 * width, 0.1988738 * height  # half of the box
        expected = torch.tensor([[width / 2 - x, height / 2 - y, width / 2 + x, height / 2 + y]])
        torch.testing.assert_close(found["boxes"], expected)
        assert set(found) == {"boxes", "labels", "scores"}
        assert found["labels"].tolist() == [2]
        assert found["labels"].dtype == torch.int64
        assert found["scores"].tolist() == pytest.approx([0.5])  # logits 0, -20, 0
        assert found["scores"].dtype == found["boxes"].dtype == torch.float32


def test_detections_come_best_first() -> None:
    found = answering((0, 0, 1, 1.0), (2, 0, 2, 3.0), (3, 0, 1, 2.0))([picture(30, 30)])[0]
    assert found["scores"].tolist() == sorted(found["scores"].tolist(), reverse=True)
    assert found["labels"][:5].tolist() == [2, 2, 2, 2, 1]
    assert len(found["labels"]) == 4 + 1 + 64  # the cells of the maps; none overlaps another of its class enough


def test_settings_of_detection_are_heard() -> None:
    sure, unsure = (2, 0, 2, 3.0), (3, 0, 1, -1.0)  # scores 0.95 and 0.27; 4 boxes and 1
    image = [picture(30, 30)]
    assert len(answering(sure, unsure)(image)[0]["scores"]) == 5
    assert len(answering(sure, unsure, score_threshold=0.5)(image)[0]["scores"]) == 4
    assert len(answering(sure, unsure, candidates_per_class=2)(image)[0]["scores"]) == 3
    assert len(answering(sure, unsure, detections_per_image=2)(image)[0]["scores"]) == 2
    # Two squares around the same point, of 36 and sqrt(36 * 48) of side: IoU 36 / 48.
    both = (3, 0, 1, 0.0), (3, 1, 1, 0.5)
    assert len(answering(*both)(image)[0]["scores"]) == 1
    assert len(answering(*both, nms_threshold=0.8)(image)[0]["scores"]) == 2


def test_boxes_are_clipped_only_on_request() -> None:
    # The sixth map's third shape is 60 * sqrt(2) of 64 wide, 1.3258 of the picture.
    image = [picture(40, 80)]
    left, _, right, _ = answering((5, 2, 1, 0.0))(image)[0]["boxes"][0].tolist()
    assert (left, right) == pytest.approx((40 - 0.6629126 * 80, 40 + 0.6629126 * 80))
    left, top, right, bottom = answering((5, 2, 1, 0.0), clip_boxes=True)(image)[0]["boxes"][0].tolist()
    assert (left, right) == (0, 80)
    assert 0 < top < bottom < 40


def test_a_picture_with_nothing_in_it() -> None:
    found = answering()([picture(20, 30)])[0]
    assert found["boxes"].shape == (0, 4)
    assert found["labels"].dtype == torch.int64
    assert found["scores"].shape == (0,)


def test_no_pictures() -> None:
    assert tiny().eval()([]) == []
    assert tiny().eval()(torch.zeros(0, 3, 64, 64)) == []


def test_a_picture_is_seen_the_same_alone_and_among_others() -> None:
    model = tiny(score_threshold=0.3).eval()
    together = model(PICTURES)
    assert sum(len(found["scores"]) for found in together) > 0
    for image, found in zip(PICTURES, together, strict=True):
        torch.testing.assert_close(model([image])[0], found, rtol=1e-4, atol=1e-3)


def test_a_batch_tensor_gives_what_a_list_gives() -> None:
    model = tiny(score_threshold=0.3).eval()
    batch = torch.stack([picture(48, 48, seed) for seed in range(2)])
    torch.testing.assert_close(model(batch), model(list(batch)))


# ---- weights ----------------------------------------------------------------------------------------------


def test_weights_load_into_a_fresh_model() -> None:
    trained = tiny(seed=0).train()
    for _ in range(2):
        trained(PICTURES, TARGETS)  # moves BatchNorm's statistics
    fresh = tiny(seed=1)
    assert not torch.equal(*(next(iter(m.parameters())) for m in (trained, fresh)))
    fresh.load_state_dict(copy.deepcopy(trained.state_dict()))
    batch = trained.normalize(PICTURES)
    for a, b in zip(trained.eval().network(batch), fresh.eval().network(batch), strict=True):
        assert torch.equal(a, b)


def test_weights_do_not_depend_on_the_size_of_the_input() -> None:
    # Priors and mean follow from the config, so they are no part of the weights.
    state = tiny().state_dict()
    assert all(key.startswith("network.") for key in state)
    larger = tiny(image_size=96)
    larger.load_state_dict(state)
    assert len(larger.priors) > len(tiny().priors)
    assert len(larger.eval()([picture(20, 30)])) == 1


# ---- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "image",
    [
        torch.zeros(1, 40, 40),
        torch.zeros(4, 40, 40),
        torch.zeros(40, 40),
        torch.zeros(40, 40, 3),
        torch.zeros(1, 3, 40, 40),
        torch.zeros(3, 0, 40),
        torch.zeros(3, 40, 40, dtype=torch.uint8),
        torch.zeros(3, 40, 40).numpy(),
    ],
    ids=["grey", "RGBA", "2d", "channels last", "batch", "no rows", "uint8", "numpy"],
)
def test_a_bad_picture_is_named(image: Any, training: bool) -> None:
    model = tiny().train(training)
    with pytest.raises(ValueError, match=r"images\[1\]: expected a float tensor \[3, H, W\]"):
        model([picture(40, 40), image], [target(), target()])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (target((10, 10, 10, 20)), "boxes: .* has no width or height"),
        (target((10, 10, 20, 10)), "boxes: .* has no width or height"),
        (target((20, 10, 10, 20)), "boxes: .* reversed"),
        (target((10, 10, math.nan, 20)), "boxes: .* not finite"),
        (target((10, 10, math.inf, 20)), "boxes: .* not finite"),
        (target((1, 1, 9, 9), (10, 10, 20, 9.5)), r"boxes: \[10.0, 10.0, 20.0, 9.5\]"),
        (target((1, 1, 9, 9), label=0), "labels: 0, but the classes are 1 to 2"),
        (target((1, 1, 9, 9), label=3), "labels: 3, but the classes are 1 to 2"),
        (target((1, 1, 9, 9), label=-1), "labels: -1"),
        (target((1, 1, 9, 9)) | {"labels": torch.tensor([1, 1])}, r"boxes \[1, 4\] and labels \[2\]"),
        (target((1, 1, 9, 9)) | {"labels": torch.tensor([[1]])}, r"boxes \[1, 4\] and labels \[1, 1\]"),
        (target((1, 1, 9, 9)) | {"labels": torch.tensor([1.0])}, "labels: expected int64"),
        (target((1, 1, 9, 9)) | {"labels": torch.tensor([1], dtype=torch.int32)}, "labels: expected int64"),
        (target((1, 1, 9, 9)) | {"boxes": torch.ones(1, 5)}, r"boxes \[1, 5\]"),
        (target() | {"boxes": torch.tensor([])}, r"boxes \[0\]"),
        ({"labels": torch.tensor([1])}, "boxes: expected a tensor, got None"),
        ({"boxes": torch.tensor([[1.0, 1, 9, 9]])}, "labels: expected a tensor, got None"),
        (target() | {"boxes": [[1, 1, 9, 9]]}, "boxes: expected a tensor"),
    ],
)
def test_a_bad_target_is_named(bad: dict[str, Any], message: str) -> None:
    model = tiny().train()
    with pytest.raises(ValueError, match=rf"^targets\[1\]: {message}"):
        model(PICTURES[:2], [TARGETS[0], bad])
    with pytest.raises(ValueError, match=rf"^targets\[1\] \(image_id 42\): {message}"):
        model(PICTURES[:2], [TARGETS[0], bad | {"image_id": 42}])


def test_bad_boxes_are_named_past_pictures_without_any() -> None:
    bad = target((10, 10, 10, 20))
    with pytest.raises(ValueError, match=r"^targets\[2\]: boxes"):
        tiny().train()(PICTURES, [TARGETS[0], target(), bad])
    with pytest.raises(ValueError, match=r"^targets\[1\]: boxes"):
        tiny().train()(PICTURES, [target(), bad, TARGETS[0]])


def test_training_needs_targets() -> None:
    model = tiny().train()
    with pytest.raises(ValueError, match=r"^targets: in training mode"):
        model(PICTURES)
    with pytest.raises(ValueError, match=r"^targets: 1 for 3 images"):
        model(PICTURES, TARGETS[:1])
    with pytest.raises(ValueError, match=r"^images: none"):
        model([], [])


def test_one_picture_is_refused_where_batchnorm_would_see_one_number_a_channel() -> None:
    target = {"boxes": torch.tensor([[5.0, 5.0, 40.0, 40.0]]), "labels": torch.tensor([1])}
    model = tiny().train()
    with pytest.raises(ValueError, match=r"^images: one; in training it has to be 2 or more"):
        model([picture(64, 64)], [target])
    larger = tiny(prediction_channels=(16, 16), priors=PriorConfig((6, 12, 24), (12, 24, 36), ((2,),) * 3)).train()
    assert larger([picture(64, 64)], [target])["classification"].isfinite()  # its last map is of 2×2
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()  # frozen, as in fine-tuning with few pictures
    assert model([picture(64, 64)], [target])["classification"].isfinite()


def test_the_package_has_what_the_design_promises_without_further_imports() -> None:
    program = (
        "import dsod_lite\n"
        "print(callable(dsod_lite.caffe.load_caffemodel), callable(dsod_lite.datasets.VOCDataset))\n"
        "print(all(hasattr(dsod_lite, name) for name in dsod_lite.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 3
