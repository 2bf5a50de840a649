"""A .zip made in memory."""

import io
import zipfile


def zipped(files: dict[str, bytes]) -> bytes:
    """The archive's bytes; its members are stored as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
