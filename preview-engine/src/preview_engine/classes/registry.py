"""Maps each class of graph node to its function; object_info.json declares the classes."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from preview_engine.classes import (
    edges,
    image,
    latents,
    mask,
    models,
    samplers,
    stitch,
    testing,
    video,
)
from preview_engine.classes.image_loader import PictureLoader
from preview_engine.classes.image_saver import PictureSaver
from preview_engine.classes.result import Result
from preview_engine.classes.samplers import Samplers
from preview_engine.classes.video import VideoSaver

Work: TypeAlias = Callable[..., Result]

IMAGE: Mapping[str, Work] = {
    "EmptyImage": image.empty_image,
    "ImageScale": image.image_scale,
    "ImageScaleBy": image.image_scale_by,
    "ImageScaleToTotalPixels": image.image_scale_to_total_pixels,
    "ImageInvert": image.image_invert,
    "ImageBlur": image.image_blur,
    "ImageSharpen": image.image_sharpen,
    "ImageCrop": image.image_crop,
    "ImageFlip": image.image_flip,
    "ImageRotate": image.image_rotate,
    "ImagePadForOutpaint": image.image_pad_for_outpaint,
    "ImageCompositeMasked": image.image_composite_masked,
    "ImageBlend": image.image_blend,
    "ImageBatch": image.image_batch,
    "RepeatImageBatch": image.repeat_image_batch,
    "ImageFromBatch": image.image_from_batch,
    "JoinImageWithAlpha": image.join_image_with_alpha,
    "SplitImageWithAlpha": image.split_image_with_alpha,
    "ImageStitch": stitch.image_stitch,
    "Canny": edges.canny,
    "CreateVideo": video.create_video,
}
MASK: Mapping[str, Work] = {
    "ImageToMask": mask.image_to_mask,
    "MaskToImage": mask.mask_to_image,
    "SolidMask": mask.solid_mask,
    "InvertMask": mask.invert_mask,
    "CropMask": mask.crop_mask,
    "ThresholdMask": mask.threshold_mask,
    "GrowMask": mask.grow_mask,
    "FeatherMask": mask.feather_mask,
    "MaskComposite": mask.mask_composite,
}
MODELS: Mapping[str, Work] = {
    "CheckpointLoaderSimple": models.load_checkpoint,
    "UNETLoader": models.load_one,
    "CLIPLoader": models.load_one,
    "DualCLIPLoader": models.load_one,
    "VAELoader": models.load_one,
    "UpscaleModelLoader": models.load_one,
    "ControlNetLoader": models.load_one,
    "LoraLoader": models.load_lora,
    "LoraLoaderModelOnly": models.same_model,
    "ModelSamplingFlux": models.same_model,
    "ModelSamplingSD3": models.same_model,
    "DifferentialDiffusion": models.same_model,
    "CLIPSetLastLayer": models.same_clip,
    "CLIPTextEncode": models.encode_text,
    "CLIPTextEncodeFlux": models.encode_text_flux,
    "FluxGuidance": models.same_conditioning,
    "BasicGuider": models.same_conditioning,
    "CFGGuider": models.guide,
    "ConditioningCombine": models.combine,
    "ConditioningConcat": models.concat,
    "ConditioningZeroOut": models.zero_out,
    "ControlNetApplyAdvanced": models.apply_control_net,
}
SAMPLING: Mapping[str, Work] = {
    "EmptyLatentImage": latents.empty_latent_image,
    "EmptySD3LatentImage": latents.empty_latent_image,
    "Wan22ImageToVideoLatent": latents.empty_video_latent,
    "VAEEncode": latents.vae_encode,
    "VAEEncodeForInpaint": latents.vae_encode_for_inpaint,
    "InpaintModelConditioning": latents.inpaint_model_conditioning,
    "SetLatentNoiseMask": latents.set_latent_noise_mask,
    "LatentUpscale": latents.latent_upscale,
    "LatentUpscaleBy": latents.latent_upscale_by,
    "RepeatLatentBatch": latents.repeat_latent_batch,
    "VAEDecode": latents.vae_decode,
    "VAEDecodeTiled": latents.vae_decode,
    "RandomNoise": samplers.random_noise,
    "KSamplerSelect": models.load_one,
    "BasicScheduler": samplers.basic_scheduler,
    "ImageUpscaleWithModel": samplers.upscale_with_model,
}
TESTING: Mapping[str, Work] = {
    "SlowSteps": testing.slow_steps,
    "SlowBlocking": testing.slow_blocking,
    "AlwaysRaises": testing.always_raises,
}


def work_of_classes(
    loader: PictureLoader, saver: PictureSaver, films: VideoSaver, sampler: Samplers
) -> Mapping[str, Work]:
    """Return class name → function of a context and the declared inputs."""
    return {
        **IMAGE,
        **MASK,
        **MODELS,
        **SAMPLING,
        **TESTING,
        "LoadImage": loader.load_image,
        "LoadImageMask": loader.load_image_mask,
        "SaveImage": saver.save_image,
        "PreviewImage": saver.preview_image,
        "MaskPreview": saver.mask_preview,
        "SaveAnimatedWEBP": saver.save_animated_webp,
        "SaveAnimatedPNG": saver.save_animated_png,
        "SaveVideo": films.save_video,
        "MiscOutputs": saver.misc_outputs,
        "KSampler": sampler.sample,
        "KSamplerAdvanced": sampler.sample_advanced,
        "SamplerCustomAdvanced": sampler.sample_custom,
    }
