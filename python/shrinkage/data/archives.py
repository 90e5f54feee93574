"""Zip archives (.npz, .xlsx) whose claims are checked before anything is inflated."""

from __future__ import annotations

import zipfile

from shrinkage.data.limits import Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.errors import DataError

_MAX_MEMBERS = 10_000
_DEFLATE_MAX_RATIO = 1032  # no deflate stream expands further
_LOCAL_HEADER = 30  # bytes before the name of a member
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_archive(source: SourceFile, limits: Limits) -> zipfile.ZipFile:
    """Open the archive and check what its members claim.

    Python's zipfile never returns more of a member than its claimed size, so the sum of the claims
    bounds what can be inflated.
    """
    try:
        archive = zipfile.ZipFile(source.buffered())
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise damaged(str(error)) from error
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise damaged(f"the archive lists {len(members)} members")
    total = 0
    for member in members:
        total += member.file_size
        if member.flag_bits & 1:
            raise damaged(f"{member.filename} is encrypted", remedy="save it without a password")
        if member.compress_type not in _METHODS:
            raise damaged(f"{member.filename} uses an unknown compression")
    if total > limits.max_inflated_bytes:
        raise too_large(
            "the content of the archive", total, limits.max_inflated_bytes, unit="bytes"
        )
    for member in members:
        if member.file_size > _DEFLATE_MAX_RATIO * member.compress_size + 1024:
            raise damaged(f"{member.filename} claims more than its bytes can hold")
    _refuse_overlaps(members)
    return archive


def _refuse_overlaps(members: list[zipfile.ZipInfo]) -> None:
    """Members that share bytes are a bomb, or a directory that points to the wrong places."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise damaged(f"{member.filename} overlaps another member")
        end = member.header_offset + _LOCAL_HEADER + member.compress_size


def damaged(reason: str, *, remedy: str = "save the file again and retry") -> DataError:
    """The error for a file whose content cannot be read."""
    return DataError(
        f"the file cannot be read: {reason}; {remedy}",
        code="data.unreadable",
        argument="source",
        reason=reason,
        remedy=remedy,
    )


def unsupported(what: str, remedy: str) -> DataError:
    """The error for a file of a format that is not read."""
    return DataError(
        f"the file is {what}, which cannot be read; {remedy}",
        code="data.unsupported_format",
        argument="source",
        value=what,
        remedy=remedy,
    )
