"""The authors' released weights: from their Caffe model file into a DSOD, layer by layer, by Caffe's names.

What it takes to repeat a published number on VOC 2007 test:

1. The file. The README of github.com/szq0214/DSOD links a folder for each model, with a .caffemodel and its
   deploy.prototxt. "DSOD300 (07+12) bs=4" is the paper's 77.7. "DSOD300 (07+12) bs=12" is the authors' later
   78.9, for which BatchNorm saw 12 pictures in the place of 4. "DSOD300 (07+12+COCO)" is the paper's 81.7.
   All three are the same network of 59.2 MB, DS/64-192-48-1 with dense prediction and 21 classes, which is
   the default config.
2. Its priors. They are not in the .caffemodel, but deploy.prototxt has them. If the first `min_size` there is
   21 and not 30, the model was trained with COCO's, and the config needs `priors=COCO300_PRIORS`.
3. The 4,952 pictures of VOC 2007 test, with all their objects and the flag that says which are difficult.
4. The measure: `evaluate_voc` as it stands, the 11-point mean at IoU 0.5.

In code::

    model = load_caffemodel("DSOD300_VOC0712.caffemodel")
    with torch.no_grad():
        detections = [found for images, _ in loader for found in model(images)]
    evaluate_voc(detections, targets, num_classes=21).mean_ap

or on the command line, once the pictures are there::

    python -m dsod_lite convert DSOD300_VOC0712.caffemodel dsod300.pt
    python -m dsod_lite evaluate --checkpoint dsod300.pt --data VOCdevkit/VOC2007 --split test

The default config's channel order, mean, warping without smoothing, thresholds and limits are the authors'. What can
still differ a little is the last bit: they decode and warp a picture with OpenCV, in whole numbers. They take the
corners of VOC's boxes, which count pixels from 1, as they are; so does our reader.

The rest of their files: "smallest" (73.6) is DS/64-64-16-1. COCO's (29.3 on test-dev) is
`DSODConfig(num_classes=81, priors=COCO300_PRIORS)`. "lite" (76.7) has no published structure; by its size it
is DS/64-256-64-1 with `block_layers=(3, 4, 4, 4)`, and the file's own layers will tell, since every one has
to fit.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from ..detector.config import DSODConfig
from ..detector.model import DSOD
from ..detector.network import Network
from ..detector.prediction import DensePrediction
from .caffe_format import Blobs, read_layers
from .checkpoint import CheckpointError

ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth")


def load_caffemodel(path: str | Path, config: DSODConfig | None = None) -> DSOD:
    """A DSOD with the weights of a .caffemodel, on the CPU and in evaluation mode.

    Args:
        path: a file in Caffe's binary format, of a network that the authors' scripts define.
        config: the network that the file is of; by default the authors' DSOD300 for VOC. The priors, the
            channel order and the mean are not in the file, so they have to be those that it was trained with.

    Raises:
        CheckpointError: naming the file and the layer, if it is no Caffe model or is cut short, or if a layer is
            missing, has another shape or is one too many, which all mean that the file is of another config.

    Source: github.com/szq0214/DSOD, model_libs.py; BVLC/caffe, batch_norm_layer.cpp.
    """
    layers = read_layers(path)
    model = DSOD(config)
    try:
        check_classes(layers, model.config)
        for names, module in caffe_layers(model.network):
            fill(module, names, layers)
        if layers:
            raise CheckpointError(f"layer {next(iter(layers))!r}: has no place in this network")
    except CheckpointError as error:
        read_as = f"{model.config.name}, {model.config.prediction}, {model.config.num_classes} classes"
        raise CheckpointError(f"{path}: {error} (read as {read_as})") from error
    return model.eval()


def caffe_layers(network: Network) -> Iterator[tuple[tuple[str, ...], nn.Module]]:
    """(names of its Caffe layers, module) for every module with weights, in the order in which they run.

    Caffe numbered the body's layers of each type in that order. Only the convolution that makes the first map
    has a name of its own. A BatchNorm of ours is two layers there: BatchNorm has the statistics, Scale has
    gamma and beta.
    """
    prediction = network.prediction
    parts: list[nn.Module] = [network.stem, network.block1, network.transition1, network.block2, network.transition2]
    parts += [network.block3, network.transition3, network.block4, prediction.transition]
    if isinstance(prediction, DensePrediction):
        parts.append(prediction.reuse[0])
        for reuse, learn in zip(prediction.reuse[1:], prediction.learn, strict=True):
            parts += [reuse, learn]
    else:
        parts.append(prediction.learn)

    convolutions = norms = 0
    for part in parts:
        for module in part.modules():
            if isinstance(module, nn.BatchNorm2d):
                norms += 1
                yield (f"BatchNorm{norms}", f"Scale{norms}"), module
            elif isinstance(module, nn.Conv2d) and part is network.transition2:
                yield ("First",), module
            elif isinstance(module, nn.Conv2d):
                convolutions += 1
                yield (f"Convolution{convolutions}",), module

    head = network.head
    for i, norm in enumerate(head.norm):
        name = f"{ORDINALS[i]}_norm"
        yield (name,), norm
        for answer, pair in ((f"{name}_mbox_loc", head.offsets[i]), (f"{name}_mbox_conf", head.logits[i])):
            convolution, batch_norm = pair.children()
            yield (answer,), convolution
            yield (f"{answer}_bn", f"{answer}_scale"), batch_norm


def fill(module: nn.Module, names: tuple[str, ...], layers: dict[str, Blobs]) -> None:
    """Moves the layers of these names out of `layers` and into a convolution, a BatchNorm or an L2Norm."""
    state = module.state_dict()  # the module's own tensors, not copies
    if not isinstance(module, nn.BatchNorm2d):
        (weights,) = state.values()
        weights.copy_(*take(layers, names[0], weights))
        return

    # Caffe adds the statistics up while the sums decay, and keeps a decaying count to divide them by.
    mean, variance = state["running_mean"], state["running_var"]
    mean_sum, variance_sum, count = take(layers, names[0], mean, variance, torch.ones(1))
    scale = 1 / count if count != 0 else 0  # 0 in a network that was never trained, where Caffe does the same
    mean.copy_(mean_sum * scale)
    variance.copy_(variance_sum * scale)
    if not (mean.isfinite().all() and variance.isfinite().all() and variance.min() >= 0):
        raise CheckpointError(f"layer {names[0]!r}: has a variance that is negative or not finite")
    gamma, beta = take(layers, names[1], state["weight"], state["bias"])
    state["weight"].copy_(gamma)
    state["bias"].copy_(beta)


def take(layers: dict[str, Blobs], name: str, *like: Tensor) -> list[Tensor]:
    """Removes a layer and gives its blobs, one for each tensor of `like` and in its shape."""
    if name not in layers:
        rest = f"; not used yet: {', '.join(list(layers)[:3])}" if layers else ""
        raise CheckpointError(f"layer {name!r}: is missing{rest}")
    blobs = layers.pop(name)
    if len(blobs) != len(like):
        raise CheckpointError(f"layer {name!r}: has {len(blobs)} blobs, not {len(like)}")
    for blob, tensor in zip(blobs, like, strict=True):
        shape = tuple(tensor.shape)
        old_shape = (1,) * (4 - len(shape)) + shape  # four dimensions, whatever the blob
        if blob.shape not in (shape, old_shape):
            raise CheckpointError(f"layer {name!r}: has the shape {list(blob.shape)}, not {list(shape)}")
    return [torch.from_numpy(blob).reshape(tensor.shape) for blob, tensor in zip(blobs, like, strict=True)]


def check_classes(layers: dict[str, Blobs], config: DSODConfig) -> None:
    """A file for other classes is the commonest mistake, so its error says so. Raises CheckpointError."""
    name = "First_norm_mbox_conf"
    for blob in layers.get(name, []):
        classes = blob.shape[0] // config.priors.per_cell[0] if blob.ndim == 4 else config.num_classes
        if classes != config.num_classes:
            raise CheckpointError(f"layer {name!r}: is for {classes} classes with the background")
