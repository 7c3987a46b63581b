"""Which containers and protocols FFmpeg may open: local files in the formats of videos, and nothing else.

FFmpeg also opens playlists, which name further files and addresses. Call `restrict_ffmpeg` before each
`cv2.VideoCapture`.
"""

from __future__ import annotations

import os

OPTIONS_VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""OpenCV reads it whenever it opens a video."""

DEMUXERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "ogg", "flv", "mpeg", "mpegvideo", "mpegts", "asf")
"""FFmpeg's names of the container formats in which cameras and phones write."""


STREAM_PROTOCOLS = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "rtp", "udp", "srt", "tcp", "tls", "crypto")
"""Of an address that the user names: no `file`, so that a stream cannot have this machine's files read."""

STREAM_DEMUXERS = (*DEMUXERS, "rtsp", "rtp", "sdp", "hls", "mpjpeg")


def restrict_ffmpeg() -> None:
    """Let FFmpeg open no protocol but `file` and no container but `DEMUXERS`, in this process and its children."""
    _allow(("file",), DEMUXERS)


def restrict_ffmpeg_to_streams() -> None:
    """Let FFmpeg open addresses of the network and no file, in this process and its children."""
    _allow(STREAM_PROTOCOLS, STREAM_DEMUXERS)


def _allow(protocols: tuple[str, ...], demuxers: tuple[str, ...]) -> None:
    os.environ[OPTIONS_VARIABLE] = f"protocol_whitelist;{','.join(protocols)}|format_whitelist;{','.join(demuxers)}"
