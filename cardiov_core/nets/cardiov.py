"""CardioV: the 61-layer network of the paper (Wei et al. 2022, section "Deep neural network", Table 3).

Seven stages of pre-activation blocks (Conv1, ConvK, Conv1), each convolution behind batch normalisation, Swish and
dropout, channel attention at the end of a block, max-pooled and zero-padded shortcuts, global average pooling and one
dense layer: 20 blocks x 3 convolutions + 1 dense = 61.

Where the paper is silent or contradicts itself:

- Shortcuts carry no convolution, since 61 leaves none for them: max-pool by 2 where a block halves the length, zeros
  for the channels that it adds.
- Table 3's lengths are floor(n / 2) each time: kernel 16, stride 2, 7 zeros on both sides. Where a block keeps the
  length, 7 zeros on the left and 8 on the right.
- A last batch normalisation and Swish stand before the pooling: the sum that leaves a pre-activation block is not
  normalised (He et al. 2016, "Identity mappings", section 4). They are not counted in the 61.
- The text says 16 groups; a network narrower than the paper's uses groups 16 channels wide, as the authors' public
  code does. Both are lowered to the next divisor of the channels.

Signals are ``(batch, channels, samples)`` everywhere, but lie in memory with the channels of one sample side by side:
convolutions and normalisations of that layout cost a processor less (docs/method/data.md), and give the same to within
rounding.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from cardiov_core.nets.shared.feature_net import FeatureNet

PAPER_WIDTHS = (64, 160, 160, 400, 400, 1024, 1024)
PAPER_BLOCKS = (2, 2, 2, 3, 3, 4, 4)
COMPACT_WIDTHS = (16, 40, 40, 100, 100, 256, 256)
_N_DRAWS = 2**16
_RUNNING = ("running_mean", "running_var", "num_batches_tracked")


def fitting_groups(channels: int, wanted: int) -> int:
    """Return the largest divisor of `channels` that does not exceed `wanted`, at least 1."""
    return next(groups for groups in range(min(channels, max(wanted, 1)), 0, -1) if channels % groups == 0)


class _Conv(nn.Conv1d):
    """A convolution over time without bias, computed as one over a picture one row high: that one keeps the layout."""

    def forward(self, x: Tensor) -> Tensor:
        y = functional.conv2d(
            x.unsqueeze(2),
            self.weight.unsqueeze(2),
            stride=(1, *self.stride),
            padding=(0, self.padding[0]) if isinstance(self.padding, tuple) else self.padding,
            groups=self.groups,
        )
        return y.squeeze(2)


class _Norm(nn.BatchNorm2d):
    """Batch normalisation over time, layout and all as in `_Conv`."""

    def forward(self, x: Tensor) -> Tensor:
        normalised: Tensor = super().forward(x.unsqueeze(2))
        return normalised.squeeze(2)


class _Dropout(nn.Dropout):
    """Dropout from 16 random bits a value on a processor, where PyTorch's own draws 64 a value.

    The probability is so rounded to a 65,536th.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0.0 or x.device.type != "cpu":
            dropped: Tensor = super().forward(x)
            return dropped
        limit = round(self.p * _N_DRAWS)
        drawn = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        # In the order of the values in memory, whatever the layout.
        kept = drawn[: x.numel()].as_strided(x.shape, x.stride()) >= limit - _N_DRAWS // 2
        return x * (kept.to(x.dtype) * (_N_DRAWS / (_N_DRAWS - limit)))


class _Activated(nn.Module):
    """Batch normalisation, Swish and dropout, as they stand before each convolution."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.norm = _Norm(channels)
        self.dropout = _Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        dropped: Tensor = self.dropout(functional.silu(self.norm(x)))
        return dropped


class _ChannelAttention(nn.Module):
    """Squeeze-and-excitation (Hu et al. 2018): one weight in 0..1 a channel."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        hidden = max(channels // ratio, 4)
        self.squeeze = nn.Linear(channels, hidden)
        self.excite = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.sigmoid(self.excite(functional.silu(self.squeeze(x.mean(dim=-1)))))
        return x * weights.unsqueeze(-1)


class _Block(nn.Module):
    """Conv1, ConvK, Conv1 with channel attention and a shortcut without parameters."""

    def __init__(
        self, n_in: int, n_out: int, *, kernel: int, groups: int, halve: bool, ratio: int, dropout: float
    ) -> None:
        super().__init__()
        self.halve = halve
        self.extra_channels = n_out - n_in
        self.same_padding = ((kernel - 1) // 2, kernel // 2)
        self.before_1 = _Activated(n_in, dropout)
        self.conv_1 = _Conv(n_in, n_out, 1, bias=False)
        self.before_k = _Activated(n_out, dropout)
        self.conv_k = _Conv(
            n_out,
            n_out,
            kernel,
            stride=2 if halve else 1,
            padding=(kernel - 2) // 2 if halve else 0,
            groups=groups,
            bias=False,
        )
        self.before_2 = _Activated(n_out, dropout)
        self.conv_2 = _Conv(n_out, n_out, 1, bias=False)
        self.attention = _ChannelAttention(n_out, ratio)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = functional.max_pool2d(x.unsqueeze(2), (1, 2)) if self.halve else x.unsqueeze(2)
        if self.extra_channels:
            shortcut = functional.pad(shortcut, (0, 0, 0, 0, 0, self.extra_channels))
        y = self.before_k(self.conv_1(self.before_1(x)))
        y = self.conv_k(y if self.halve else functional.pad(y.unsqueeze(2), self.same_padding).squeeze(2))
        summed: Tensor = self.attention(self.conv_2(self.before_2(y))) + shortcut.squeeze(2)
        return summed


class CardioV(FeatureNet):
    """The network of Table 3.

    Parameters
    ----------
    n_leads : int
        Input channels.
    n_outputs : int
        Logits: 3 for the ordinal head, 4 for classification.
    widths : sequence of int
        Channels of the stages; must not fall.
    blocks : sequence of int
        Blocks a stage.
    kernel : int
        Kernel of ConvK, even.
    groups : int or None
        Groups of ConvK; None makes groups of 16 channels.
    squeeze_ratio : int
        Reduction in the channel attention.
    dropout : float
        Probability before each convolution.

    Attributes
    ----------
    grad_cam_points : tuple of torch.nn.Module
        The last convolution of each stage's last block, before attention and addition; stage 1 first.
    recompute : bool
        Keep a block's input alone in training and compute the rest again on the way back: the same gradients and
        running statistics, in less memory.
    """

    def __init__(
        self,
        n_leads: int = 12,
        n_outputs: int = 3,
        *,
        widths: Sequence[int] = PAPER_WIDTHS,
        blocks: Sequence[int] = PAPER_BLOCKS,
        kernel: int = 16,
        groups: int | None = 16,
        squeeze_ratio: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.recompute = False
        if len(widths) != len(blocks) or any(later < earlier for earlier, later in pairwise([n_leads, *widths])):
            raise ValueError(f"widths {list(widths)} must be as many as blocks {list(blocks)} and never fall")
        if kernel % 2:
            raise ValueError(f"kernel must be even for lengths of floor(n / 2), got {kernel}")
        stages: list[nn.Sequential] = []
        for n_before, width, count in zip((n_leads, *widths[:-1]), widths, blocks, strict=True):
            wanted = width // 16 if groups is None else groups
            stages.append(
                nn.Sequential(
                    *(
                        _Block(
                            n_before if index == 0 else width,
                            width,
                            kernel=kernel,
                            groups=fitting_groups(width, wanted),
                            halve=index == 0,
                            ratio=squeeze_ratio,
                            dropout=dropout,
                        )
                        for index in range(count)
                    )
                )
            )
        self.stages = nn.Sequential(*stages)
        self.blocks = tuple(blocks)
        self.last_norm = _Norm(widths[-1])
        self.dense = nn.Linear(widths[-1], n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """The last convolution of each stage's last block."""
        return tuple(
            self.stages.get_submodule(f"{index}.{count - 1}.conv_2") for index, count in enumerate(self.blocks)
        )

    def features(self, x: Tensor) -> Tensor:
        """Return what the dense layer is fed: the last stage, normalised, activated and pooled over time.

        Parameters
        ----------
        x : torch.Tensor
            ``(batch, leads, samples)`` by the model card's contract.

        Returns
        -------
        torch.Tensor
            Shape ``(batch, widths[-1])``.
        """
        side_by_side = x.transpose(1, 2).contiguous().transpose(1, 2)
        again = self.recompute and self.training
        stages = self._recomputed(side_by_side) if again else self.stages(side_by_side)
        pooled: Tensor = functional.silu(self.last_norm(stages)).mean(dim=-1)
        return pooled

    def _recomputed(self, x: Tensor) -> Tensor:
        for block in (block for stage in self.stages.children() for block in stage.children()):
            x = checkpoint(block, x, use_reentrant=False, context_fn=partial(_contexts, block))
        return x


@contextmanager
def _without_counting(block: nn.Module) -> Iterator[None]:
    """Let a batch that has entered the running statistics already change copies of them."""
    norms = [module for module in block.modules() if isinstance(module, _Norm)]
    kept = [(norm, name, norm.get_buffer(name)) for norm in norms for name in _RUNNING]
    for norm, name, values in kept:
        setattr(norm, name, values.clone())
    try:
        yield
    finally:
        for norm, name, values in kept:
            setattr(norm, name, values)


def _contexts(block: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _without_counting(block)
