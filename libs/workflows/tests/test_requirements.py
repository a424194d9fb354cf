from workflows import requirements


def test_a_graph_tells_its_models_classes_and_files() -> None:
    found = requirements(
        {
            "1": {"class_type": "DualCLIPLoader", "inputs": {"clip_name1": "a", "clip_name2": "b"}},
            "2": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux", "weight_dtype": "x"}},
            "3": {"class_type": "LoadImage", "inputs": {"image": "cf/1.png"}},
            "4": {"class_type": "VAELoader", "inputs": {"vae_name": "pixel_space"}},
        }
    )

    assert found.models == {
        ("text_encoders", "a"),
        ("text_encoders", "b"),
        ("diffusion_models", "flux"),
    }
    assert found.classes == {"DualCLIPLoader", "UNETLoader", "LoadImage", "VAELoader"}
    assert found.files == {"cf/1.png"}


def test_a_name_behind_a_link_is_not_known() -> None:
    linked = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": ["2", 0]}}

    assert requirements({"1": linked}).models == frozenset()
