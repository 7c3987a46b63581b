"""The layers of the networks. A builder takes the number of people and returns an untrained Keras model.

Input: pictures (N, 128, 128, 3) uint8 RGB, or embeddings (N, D) float32. Output: logits (N, classes) float32.
"""

from __future__ import annotations

from typing import Any

from storage.schemas import EMBEDDING_SIZE
from workers.learning.networks.keras_runtime import load_keras

SIDE = 128
WEIGHT_DECAY = 1e-4
BATCH_NORM_MOMENTUM = 0.9
"""Keras's default of 0.99 needs hundreds of steps; a small folder has fewer."""


def small_convnet(classes: int) -> Any:
    """The baseline convnet: four convolutions, one hidden dense layer, no regularisation."""
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


def dense_network(classes: int, size: int = EMBEDDING_SIZE) -> Any:
    """One hidden layer on the numbers of an embedding, so many as `size`."""
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((size,)),
            layers.Rescaling(10.0),  # an embedding's numbers are about 0.1 in size, and layers learn best near 1
            layers.Dense(128, activation="relu"),
            layers.Dense(classes),
        ]
    )


def regularized_convnet(classes: int) -> Any:
    """Augmentation, normalised contrast, batch norm, L2 and dropout, at 64 x 64 pixels."""
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
    """(N, 128, 128, 3) uint8 RGB to embeddings (N, 128) float32 of length 1; same layers as `regularized_convnet`.

    The model is named after the view that it takes (`aligned` or `crop`), so that its file records the view.
    """
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [*_features(recolour=True), layers.Dense(128, use_bias=False), layers.UnitNormalization()],
        name=view,
    )


def augmentation(recolour: bool = False) -> list[Any]:
    """Layers that change a training picture (values 0 to 1) at random; in prediction they change nothing.

    Random erasing (Zhong et al. 2020) fills with grey, because drawing noise takes a tenth of a training step.

    Args:
        recolour: also change brightness, contrast and hue; otherwise saturation alone. It takes a sixth of a training
            step. It improved the verification of unseen people, and did not improve a convnet on known people.
    """
    layers = load_keras().layers
    unit = (0.0, 1.0)
    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.04, fill_mode="nearest"),
        layers.RandomTranslation(0.08, 0.08, fill_mode="nearest"),
        layers.RandomZoom((-0.12, 0.12), fill_mode="nearest"),
        *(_colour_jitter() if recolour else [layers.RandomColorDegeneration((0.0, 1.0), value_range=unit)]),
        layers.RandomErasing(0.5, scale=(0.02, 0.2), fill_value=0.5, value_range=unit),
    ]


def _colour_jitter() -> list[Any]:
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
    """One Keras model whose logits are the mean logits of the members, divided by the temperature.

    The logits are concatenated before the mean. TensorFlow adds separate tensors in the order of the layers' names, and
    Keras numbers layers within a process ("sequential_10" sorts before "sequential_9"), so the last bits would depend
    on how many networks the process had built before.
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
    """Pictures, reduced to 64 x 64 and augmented in training, to 2,048 features.

    Pooling comes before batch norm, which then normalises a quarter of the numbers.
    """
    keras = load_keras()
    layers = keras.layers
    blocks = [[_convolution(n), layers.MaxPooling2D(), *_norm_relu()] for n in (16, 32, 64, 128)]
    return [
        keras.Input((SIDE, SIDE, 3), dtype="uint8"),
        layers.Rescaling(1 / 255),
        layers.AveragePooling2D(2),
        *augmentation(recolour),
        layers.GroupNormalization(
            1, center=False, scale=False
        ),  # removes brightness and contrast, which do not identify a person
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
