"""What cells are made of beside torch's own layers; each class stands alone, so that code can quote it."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Multiscale(nn.Module):
    """Convolutions of kernels k and 2k+1 beside each other, the wider one for half of the channels."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__()
        wide = channels_out // 2
        self.narrow = nn.Conv2d(
            channels_in, channels_out - wide, (1, kernel), padding=(0, kernel // 2), bias=False
        )
        self.wide = nn.Conv2d(channels_in, wide, (1, 2 * kernel + 1), padding=(0, kernel), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels_out, 1, time) of x (batch, channels_in, 1, time)."""
        return torch.cat([self.narrow(x), self.wide(x)], dim=1)


class Shortcut(nn.Module):
    """A body beside a shortcut; ReLU of their sum (He et al. 2016, arXiv 1512.03385, figure 2)."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels_out, 1, time) of x (batch, channels_in, 1, time)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class Squeeze(nn.Module):
    """Each channel weighed by the means of all over time (Hu et al. 2018, arXiv 1709.01507)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return x (batch, channels, 1, time), every channel times a number of 0 to 1."""
        mean = x.mean(dim=(2, 3))  # (batch, channels)
        weights = torch.sigmoid(self.expand(torch.relu(self.reduce(mean))))  # (batch, channels)
        return x * weights[:, :, None, None]


class SelfAttention(nn.Module):
    """Each step joined by what it asks of all: one head of scaled dot products (Vaswani et al. 2017)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.join = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels, 1, time) of x (batch, channels, 1, time)."""
        query, key, value = self.project(x).permute(0, 2, 3, 1).chunk(3, dim=3)  # (batch, 1, time, channels)
        seen = functional.scaled_dot_product_attention(query, key, value)  # (batch, 1, time, channels)
        joined: Tensor = self.norm(self.join(seen.permute(0, 3, 1, 2)))
        return x + joined
