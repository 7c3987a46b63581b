# Lineup in one image: every service, and the command line itself, is this image with another command.
# The base is an argument, so that a mirror, a hardened Python or a digest (NAME:TAG@sha256:...) can take its place.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
# without pip: what the image runs needs no installer
RUN python -m venv --without-pip /opt/lineup
WORKDIR /build
# the dependencies first: they change less often than the code, and they are nearly all of the image
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY storage ./storage
COPY workers ./workers
COPY orchestrator ./orchestrator
COPY lineup ./lineup
# no build isolation: the setuptools of the lock builds; otherwise one would be fetched that no hash vouches for
RUN pip --disable-pip-version-check --python /opt/lineup/bin/python \
    install --no-cache-dir --no-deps --no-build-isolation .

FROM ${BASE}
# the owner of the store's files, and who must be able to read the photos
ARG UID=1000
RUN groupadd --gid ${UID} lineup \
 && useradd --uid ${UID} --gid ${UID} --create-home lineup \
 && install --directory --owner=lineup --group=lineup --mode=0700 /store
COPY --from=build /opt/lineup /opt/lineup
ENV PATH=/opt/lineup/bin:$PATH \
    LINEUP_STORE=/store \
    ORT_DISABLE_TELEMETRY=1
USER ${UID}:${UID}
WORKDIR /home/lineup
ENTRYPOINT ["lineup"]
CMD ["--help"]
