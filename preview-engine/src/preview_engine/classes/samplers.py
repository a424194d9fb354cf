"""Samplers and upscale models: they accept every input and take steps, but compute nothing."""

import time
from dataclasses import dataclass

from PIL import Image

from preview_engine.classes.context import Context
from preview_engine.classes.latents import Conditioning, Latent
from preview_engine.classes.pictures import resize
from preview_engine.classes.placeholders import label, sketch
from preview_engine.classes.result import Batch, Result, values
from preview_engine.domain.switches import Switches

PREVIEW_SIDE = 256


@dataclass(frozen=True, slots=True)
class Schedule:
    """Stands for sigmas."""

    steps: int
    denoise: float


def strength_of(denoise: float) -> float:
    """Return the opacity of the placeholder over its source; at least 0.3, so that it shows."""
    return 0.3 + 0.7 * denoise


def random_noise(_: Context, *, noise_seed: int) -> Result:
    return values(noise_seed)


def basic_scheduler(_: Context, *, steps: int, denoise: float, **_unused: object) -> Result:
    return values(Schedule(steps, denoise))


def upscale_with_model(_: Context, *, upscale_model: str, image: Batch) -> Result:
    """Scale with lanczos by the factor in the model's name."""
    factor = next((int(digit) for digit in upscale_model if digit in "248"), 4)
    note = f"{factor}x without {upscale_model}"
    large = (resize(one, one.width * factor, one.height * factor, "lanczos") for one in image)
    return values(tuple(label(one, note) for one in large))


class Samplers:
    """KSampler and similar classes; the switch `step_seconds` sets the time of a step."""

    def __init__(self, switches: Switches, preview_method: str) -> None:
        self._switches = switches
        self._preview_method = preview_method

    def sample(
        self,
        run: Context,
        *,
        seed: int,
        steps: int,
        positive: Conditioning,
        latent_image: Latent,
        denoise: float,
        **_unused: object,
    ) -> Result:
        done = latent_image.sampled(positive.text, seed, strength_of(denoise))
        self._take_steps(run, done, 0, steps)
        return values(done)

    def sample_advanced(  # noqa: PLR0913 - the class declares as many inputs
        self,
        run: Context,
        *,
        noise_seed: int,
        steps: int,
        positive: Conditioning,
        latent_image: Latent,
        start_at_step: int,
        end_at_step: int,
        **_unused: object,
    ) -> Result:
        last = min(steps, end_at_step)
        first = min(start_at_step, last)
        strength = strength_of(1.0 if first == 0 else 0.0)
        done = latent_image.sampled(positive.text, noise_seed, strength)
        self._take_steps(run, done, first, last)
        return values(done)

    def sample_custom(
        self,
        run: Context,
        *,
        noise: int,
        guider: Conditioning,
        sigmas: Schedule,
        latent_image: Latent,
        **_unused: object,
    ) -> Result:
        done = latent_image.sampled(guider.text, noise, strength_of(sigmas.denoise))
        self._take_steps(run, done, 0, sigmas.steps)
        return values(done, done)

    def _take_steps(self, run: Context, latent: Latent, first: int, last: int) -> None:
        picture = self._small(latent) if self._wants_previews(run) else None
        total = last - first
        for step in range(1, total + 1):
            time.sleep(self._switches.step_seconds)
            run.step(step, total, sketch(picture, step, total) if picture else None)

    def _wants_previews(self, run: Context) -> bool:
        asked = run.extra_data.get("preview_method", "default")
        method = self._preview_method if asked == "default" else asked
        return run.wants_previews and method != "none"

    def _small(self, latent: Latent) -> Image.Image:
        scale = min(1.0, PREVIEW_SIDE / max(latent.size))
        width, height = (max(1, round(side * scale)) for side in latent.size)
        return label(latent.painted(0, width, height), "")
