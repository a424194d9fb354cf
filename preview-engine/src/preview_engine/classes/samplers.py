"""Samplers: they accept every input and take steps, but compute nothing."""

import time

from PIL import Image

from preview_engine.classes.context import Context, Result, values
from preview_engine.classes.latents import Latent
from preview_engine.classes.models import Schedule
from preview_engine.classes.placeholders import label, sketch

PREVIEW_SIDE = 256


def k_sampler(
    run: Context,
    *,
    seed: int,
    steps: int,
    positive: str,
    latent_image: Latent,
    denoise: float,
    **_unused: object,
) -> Result:
    return values(sampled(run, latent_image, positive, seed, Schedule(steps, denoise)))


def k_sampler_advanced(  # noqa: PLR0913 - the class declares as many inputs
    run: Context,
    *,
    noise_seed: int,
    steps: int,
    positive: str,
    latent_image: Latent,
    start_at_step: int,
    end_at_step: int,
    **_unused: object,
) -> Result:
    last = min(steps, end_at_step)
    first = min(start_at_step, last)
    schedule = Schedule(last - first, denoise=1.0 if first == 0 else 0.0)
    return values(sampled(run, latent_image, positive, noise_seed, schedule))


def sampler_custom_advanced(
    run: Context,
    *,
    noise: int,
    guider: str,
    sigmas: Schedule,
    latent_image: Latent,
    **_unused: object,
) -> Result:
    done = sampled(run, latent_image, guider, noise, sigmas)
    return values(done, done)


def sampled(run: Context, latent: Latent, prompt: str, seed: int, schedule: Schedule) -> Latent:
    """Take the steps, each `step_seconds` long.

    The opacity of the placeholder over its source is at least 0.3, so that it shows.
    """
    done = latent.sampled(prompt, seed, 0.3 + 0.7 * schedule.denoise)
    picture = small(done) if run.wants_previews else None
    for step in range(1, schedule.steps + 1):
        time.sleep(run.switches.step_seconds)
        preview = sketch(picture, step, schedule.steps) if picture else None
        run.step(step, schedule.steps, preview)
    return done


def small(latent: Latent) -> Image.Image:
    scale = min(1.0, PREVIEW_SIDE / max(latent.size))
    width, height = (max(1, round(side * scale)) for side in latent.size)
    return label(latent.painted(0, width, height), "")
