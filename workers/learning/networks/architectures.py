"""The networks' layers. Each builder takes the number of people and gives an untrained Keras model.

Pictures come as (N, 128, 128, 3) uint8 RGB, measurements as (N, 128) float32; out come logits (N, classes).
"""

from __future__ import annotations

from typing import Any

from workers.learning.networks.keras_runtime import load_keras

SIDE = 128
WEIGHT_DECAY = 1e-4
BATCH_NORM_MOMENTUM = 0.9
"""Keras's 0.99 would need hundreds of steps, which a small folder does not have."""


def small_convnet(classes: int) -> Any:
    """The baseline of the mission: four convolutions and one dense layer."""
    keras = load_keras()
    layers = keras.layers
    blocks = [[layers.Conv2D(n, 3, activation="relu"), layers.MaxPooling2D()] for n in (16, 32, 64, 64)]
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3), dtype="uint8"),
            layers.Rescaling(1 / 255),
            *(layer for block in blocks for layer in block),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(classes),
        ]
    )


def dense_network(classes: int) -> Any:
    """One hidden layer on the 128 measurements."""
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((128,)),
            layers.Rescaling(10.0),  # a measurement is about 0.1 wide, and layers learn best near 1
            layers.Dense(128, activation="relu"),
            layers.Dense(classes),
        ]
    )


def regularized_convnet(classes: int) -> Any:
    """Augmentation, one contrast for every picture, batch norm, L2 and dropout; at 64 x 64 pixels."""
    keras = load_keras()
    layers = keras.layers
    decay = keras.regularizers.L2(WEIGHT_DECAY)
    return keras.Sequential(
        [
            *_features(),
            layers.Dropout(0.4),
            layers.Dense(128, use_bias=False, kernel_regularizer=decay),
            *_norm_relu(),
            layers.Dropout(0.4),
            layers.Dense(classes, kernel_regularizer=decay),
        ]
    )


def encoding_convnet(view: str) -> Any:
    """(N, 128, 128, 3) uint8 RGB to (N, 128) measurements of length 1; sees pictures as `regularized_convnet` does.

    The network is called by the view that it is to see, so that its file says which pictures to show it.
    """
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [*_features(recolour=True), layers.Dense(128, use_bias=False), layers.UnitNormalization()],
        name=view,
    )


def augmentation(recolour: bool = False) -> list[Any]:
    """Layers that change a training picture (0 .. 1) as another photo of the same person might; else nothing.

    Random erasing: Zhong et al. 2020; with grey, since drawing noise costs a tenth of a step.

    Args:
        recolour: change brightness, contrast and hue too, where colour fades by a random share otherwise. It is a
            sixth of a step: an encoder that is to meet strangers seems to gain by it, a convnet of known people not.
    """
    layers = load_keras().layers
    unit = (0.0, 1.0)
    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.04, fill_mode="nearest"),
        layers.RandomTranslation(0.08, 0.08, fill_mode="nearest"),
        layers.RandomZoom((-0.12, 0.12), fill_mode="nearest"),
        *(_other_colours() if recolour else [layers.RandomColorDegeneration((0.0, 1.0), value_range=unit)]),
        layers.RandomErasing(0.5, scale=(0.02, 0.2), fill_value=0.5, value_range=unit),
    ]


def _other_colours() -> list[Any]:
    layers = load_keras().layers
    jitter = layers.RandomColorJitter(
        value_range=(0.0, 1.0),
        brightness_factor=0.2,
        contrast_factor=0.3,
        saturation_factor=(0.2, 0.8),
        hue_factor=0.03,
    )
    return [jitter, layers.RandomGrayscale(0.3)]


def ensemble(members: list[Any], temperature: float) -> Any:
    """One Keras model whose logits are the members' mean, divided by the temperature.

    The mean is over one tensor of them all. TensorFlow adds many tensors in the order of their layers' names, and Keras
    numbers those by process: "sequential_10" comes before "sequential_9", and the last bit would be another.
    """
    keras = load_keras()
    layers = keras.layers
    takes = keras.Input(members[0].input_shape[1:], dtype=members[0].inputs[0].dtype)
    side_by_side = (
        layers.Concatenate()([member(takes) for member in members]) if len(members) > 1 else members[0](takes)
    )
    each = layers.Reshape((len(members), members[0].output_shape[-1]))(side_by_side)
    return keras.Model(takes, layers.Rescaling(1 / temperature)(layers.GlobalAveragePooling1D()(each)))


def _features(recolour: bool = False) -> list[Any]:
    """Pictures at 64 x 64 pixels, augmented in training, to 2,048 numbers; pooled before batch norm, on a quarter."""
    keras = load_keras()
    layers = keras.layers
    blocks = [[_convolution(n), layers.MaxPooling2D(), *_norm_relu()] for n in (16, 32, 64, 128)]
    return [
        keras.Input((SIDE, SIDE, 3), dtype="uint8"),
        layers.Rescaling(1 / 255),
        layers.AveragePooling2D(2),
        *augmentation(recolour),
        layers.GroupNormalization(1, center=False, scale=False),  # light and exposure say nothing of a person
        *(layer for block in blocks for layer in block),
        layers.Flatten(),
    ]


def _convolution(channels: int) -> Any:
    keras = load_keras()
    decay = keras.regularizers.L2(WEIGHT_DECAY)
    return keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, kernel_regularizer=decay)


def _norm_relu() -> list[Any]:
    layers = load_keras().layers
    return [layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM), layers.ReLU()]
