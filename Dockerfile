# Lineup in two images of one file; every service and the command line itself are one of them with another command.
#
#   images   workers for photos, Flower, metrics: without TensorFlow
#   full     everything: trainings, the orchestrator with its reports, the command line; the default
#   images-cuda, training-cuda   the same for workers on a GPU (deploy/compose.gpu.yml): built, never run on one
#
# The base is an argument, so that a mirror, a hardened Python or a digest (NAME:TAG@sha256:...) can take its place.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS dependencies
# Measured and tested on x86-64 alone; the packages of the lock exist for arm64, and nobody has compared its tables.
RUN test "$(uname -m)" = x86_64 || { echo "Lineup's images are for x86-64, not for $(uname -m): docs/containers.md"; exit 1; }
# without pip: what the image runs needs no installer
RUN python -m venv --without-pip /opt/lineup
WORKDIR /build
# the dependencies first: they change less often than the code, and they are nearly all of the image
COPY requirements-images.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-deps --require-hashes -r requirements-images.lock
# parts of packages that nothing here imports: tests, headers, Arrow's remote calls, tools that optimise models
RUN cd /opt/lineup/lib/python3.*/site-packages \
 && rm -r onnx/backend/test onnxruntime/tools onnxruntime/transformers pyarrow/include pyarrow/tests \
    pyarrow/*flight*

FROM dependencies AS all-dependencies
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-deps --require-hashes -r requirements.lock

FROM dependencies AS sources
COPY pyproject.toml README.md ./
COPY storage ./storage
COPY workers ./workers
COPY orchestrator ./orchestrator
COPY lineup ./lineup

FROM sources AS build-images
# no build isolation: the setuptools of the lock builds; otherwise one would be fetched that no hash vouches for
RUN pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-cache-dir --no-deps --no-build-isolation . \
 && pip --disable-pip-version-check --python /opt/lineup/bin/python uninstall --yes setuptools

FROM all-dependencies AS build-full
COPY --from=sources /build ./
RUN pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-cache-dir --no-deps --no-build-isolation . \
 && pip --disable-pip-version-check --python /opt/lineup/bin/python uninstall --yes setuptools

FROM build-images AS build-images-cuda
COPY requirements-images-cuda.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --disable-pip-version-check --python /opt/lineup/bin/python uninstall --yes onnxruntime \
 && pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-deps --require-hashes -r requirements-images-cuda.lock

FROM build-full AS build-training-cuda
COPY requirements-training-cuda.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --disable-pip-version-check --python /opt/lineup/bin/python uninstall --yes tensorflow-cpu \
 && pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-deps --require-hashes -r requirements-training-cuda.lock

FROM ${BASE} AS runtime
# the owner of the store's files, and who must be able to read the photos
ARG UID=1000
RUN groupadd --gid ${UID} lineup \
 && useradd --uid ${UID} --gid ${UID} --create-home lineup \
 && install --directory --owner=lineup --group=lineup --mode=0700 /store
ENV PATH=/opt/lineup/bin:$PATH \
    LINEUP_STORE=/store \
    ORT_DISABLE_TELEMETRY=1
USER ${UID}:${UID}
WORKDIR /home/lineup
ENTRYPOINT ["lineup"]
CMD ["--help"]

FROM runtime AS images
COPY --from=build-images /opt/lineup /opt/lineup

FROM runtime AS images-cuda
COPY --from=build-images-cuda /opt/lineup /opt/lineup

FROM runtime AS training-cuda
COPY --from=build-training-cuda /opt/lineup /opt/lineup

FROM runtime AS full
COPY --from=build-full /opt/lineup /opt/lineup
