"""A GPU that is not there: tensors that say cuda:0, whose numbers the CPU has, and which keep to a GPU's rules.

For torch's core they are on the device "meta", which has shapes and no numbers: so nothing needs CUDA's libraries. What
is asked of such a tensor is done with the CPU's numbers that belong to it, once it is what a GPU would do: tensors of
two devices do not mix, a Mac's GPU has no float64, and some answers have to be waited for. It cannot know of kernels,
memory, speed, mixed precision's casts, nccl and Triton.
"""

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_unflatten

PACKAGE = str(Path(__file__).parents[2] / "dsod_lite")
META = torch.device("meta")
READS = {
    "_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive", "bincount",
    "repeat_interleave", "equal", "nms",
}  # fmt: skip
"""Operations whose answers, or the shapes of these, depend on values that only the GPU has."""
INDEXED = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}


class Waits(list[str]):
    """Where, and with what operation, the host waited for the device; and how pictures and targets came to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pinned: list[Tensor] = []
        self.copies: list[tuple[int, bool]] = []
        """Bytes of each copy to the device, and whether they came from pinned memory."""

    def note(self, operation: str) -> None:
        frame = sys._getframe(1)
        while frame is not None and not frame.f_code.co_filename.startswith(PACKAGE):
            frame = frame.f_back  # type: ignore[assignment]
        place = f"{frame.f_code.co_filename[len(PACKAGE) + 1 :]}:{frame.f_lineno}" if frame else "outside"
        self.append(f"{operation} at {place}")

    def came(self, source: Tensor, waits: bool) -> None:
        pointers = {t.untyped_storage().data_ptr() for t in self.pinned}
        self.copies.append((source.nbytes, source.untyped_storage().data_ptr() in pointers))
        if waits:
            self.note("copy to the device")


class OnDevice(Tensor):
    """A tensor on the device that is not there."""

    home: torch.device
    waits: Waits
    numbers: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, numbers: Tensor) -> "OnDevice":
        if cls.home.type == "mps" and numbers.dtype == torch.float64:
            raise TypeError("the MPS framework doesn't support float64")
        made: Any = Tensor._make_wrapper_subclass(
            cls, numbers.shape, strides=numbers.stride(), storage_offset=numbers.storage_offset(),
            dtype=numbers.dtype, device=META,
        )  # fmt: skip
        made.numbers = numbers
        return made

    device = property(lambda self: self.home)  # type: ignore[assignment]
    is_cuda = property(lambda self: self.home.type == "cuda")  # type: ignore[assignment]
    is_mps = property(lambda self: self.home.type == "mps")  # type: ignore[assignment]
    is_meta = property(lambda self: False)  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        return on_device(func, args, kwargs or {})

    def tolist(self) -> Any:
        self.waits.note("tolist")
        return self.numbers.detach().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        if not force:
            raise TypeError(f"can't convert {self.home} device type tensor to numpy")
        return self.detach().cpu().numpy()

    def __array__(self, *_: Any) -> Any:
        return self.numpy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            new: Tensor = OnDevice(self.numbers.detach().clone())
            new = nn.Parameter(new, self.requires_grad) if isinstance(self, nn.Parameter) else new
            new.grad = copy.deepcopy(self.grad, memo)
            memo[id(self)] = new
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        self.waits.note("pickle")
        return self.numbers.detach().__reduce_ex__(protocol)

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"{self.numbers!r} on {self.home}"


def on_device(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """An operation of torch's core, some of whose tensors or whose result are on the device."""
    flat, spec = tree_flatten((args, kwargs))
    ours = [x for x in flat if isinstance(x, OnDevice)]
    wanted = kwargs.get("device")
    if not ours and (wanted is None or wanted.type != "meta"):
        return func(*args, **kwargs)
    name = func._schema.name.split("::")[1]
    there = bool(ours) if wanted is None else wanted.type == "meta"
    hosts = [x for x in flat if isinstance(x, Tensor) and not isinstance(x, OnDevice)]
    waits = OnDevice.waits
    if name in ("_to_copy", "copy_"):
        source = args[0] if name == "_to_copy" else args[1]
        to = there if name == "_to_copy" else isinstance(args[0], OnDevice)
        if to and not isinstance(source, OnDevice):
            waits.came(source, not (kwargs.get("non_blocking") or (name == "copy_" and True in args[2:])))
        elif not to and isinstance(source, OnDevice):
            waits.note("copy to the host")
    elif ours and name in INDEXED:
        indices = [i for i in args[1] if i is not None]
        if not isinstance(args[0], OnDevice):
            raise RuntimeError("indices should be on the device of the indexed tensor, which is the cpu")
        if any(i.dtype in (torch.bool, torch.uint8) for i in indices):
            waits.note(f"{name} with a mask")
        for index in indices:
            if not isinstance(index, OnDevice):
                waits.came(index, True)
    elif ours and any(x.dim() for x in hosts):
        shapes = [tuple(x.shape) for x in hosts]
        raise RuntimeError(f"Expected all tensors to be on the same device: {name} got {shapes} on the cpu")
    elif ours and name in READS:
        waits.note(name)
    plain = [
        x.numbers if isinstance(x, OnDevice) else torch.device("cpu") if isinstance(x, torch.device) else x
        for x in flat
    ]
    back = {id(x.numbers): x for x in ours} | {id(x): x for x in hosts}
    inner_args, inner_kwargs = tree_unflatten(plain, spec)
    found, shape = tree_flatten(func(*inner_args, **inner_kwargs))
    wrapped = [
        back.get(id(x)) if id(x) in back else OnDevice(x) if there and isinstance(x, Tensor) else x for x in found
    ]
    return tree_unflatten(wrapped, shape)


class Core(TorchDispatchMode):
    """What is made on the device from nothing, or comes from the CPU."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return on_device(func, args, kwargs or {})


class Names(TorchFunctionMode):
    """Every torch function that is given the device's name."""

    def meant(self, value: Any) -> Any:
        named = isinstance(value, (str, torch.device)) and str(value).split(":")[0] == OnDevice.home.type
        return META if named else value

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.device:
            return func(*args, **(kwargs or {}))
        args = tuple(map(self.meant, args))
        kwargs = {key: self.meant(value) for key, value in (kwargs or {}).items()}
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == META:
            del kwargs["device"]
            leaf = kwargs.pop("requires_grad", False)
            return func(*args, **kwargs).to(META).requires_grad_(leaf)
        if func is Tensor.new_tensor and isinstance(args[0], OnDevice):
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype, **kwargs}).to(META)
        return func(*args, **kwargs)


@contextmanager
def pretended(patch: pytest.MonkeyPatch, kind: str = "cuda") -> Iterator[Waits]:
    """Inside of the block this machine has a GPU: "cuda", or Apple's "mps"."""
    OnDevice.home, OnDevice.waits = torch.device(kind, 0), Waits()
    pinned = OnDevice.waits.pinned

    def pin(tensor: Tensor, *_: Any) -> Tensor:
        pinned.append(tensor.clone())
        return pinned[-1]

    answers = {
        "is_available": True, "device_count": 1, "current_device": 0, "is_current_stream_capturing": False,
        "get_device_name": "Pretended", "mem_get_info": (2**33, 2**33), "is_bf16_supported": True,
        "manual_seed": None, "manual_seed_all": None, "synchronize": None, "is_initialized": True,
    }  # fmt: skip
    patch.setattr(torch, "inference_mode", torch.no_grad)  # its tensors cannot be wrapped
    if kind == "cuda":
        for name, answer in answers.items():
            patch.setattr(torch.cuda, name, lambda *_, answer=answer, **__: answer)
        patch.setattr(torch.accelerator, "is_available", lambda: True)
        patch.setattr(torch.accelerator, "current_accelerator", lambda *_, **__: torch.device("cuda"))
        patch.setattr(torch.accelerator, "current_device_index", lambda: 0)
        patch.setattr(Tensor, "pin_memory", pin)
        for check in ("_accelerator_graph_capture_health_check", "_cuda_graph_capture_health_check"):
            patch.setattr(torch.optim.Optimizer, check, lambda self: None, raising=False)
    overwritten = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with Names(), Core():
            yield OnDevice.waits
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwritten)
