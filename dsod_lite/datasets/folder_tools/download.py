"""What every download needs: fetching that goes on after a cut, and paths that stay inside their folder."""

import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path, PurePosixPath, PureWindowsPath

from tqdm import tqdm

from ...support.errors import DataError


def fetch(url: str, path: Path) -> None:
    """Downloads to a file with a progress bar, from where an earlier attempt stopped if the server can.

    By hand, because torchvision's `download_url` and pooch begin again at the first byte, and COCO has 20 GB.

    Raises:
        DataError: naming the address, if the file cannot be had, or not to the end. What came is kept.
    """
    have = path.stat().st_size if path.exists() else 0
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urllib.request.urlopen(request, timeout=60) as response:
            length = int(response.headers.get("Content-Length") or 0)
            if response.status != 206:  # all of it, whatever was asked for
                if 0 < length < have:  # a page that says why there is nothing: what came before is worth more
                    raise DataError(f"{url}: is another file, of {length:,} bytes; {have:,} are here already")
                have = 0
            total = have + length if length else None
            bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=PurePosixPath(url).name)
            with open(path, "ab" if have else "wb") as file, bar:
                while block := response.read(1 << 20):
                    file.write(block)
                    bar.update(len(block))
    except DataError:
        raise
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing beyond what is here: it is whole already
            return
        raise DataError(f"{url}: cannot be fetched ({error})") from None
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(f"{url}: cannot be fetched ({error}); try again to go on") from None
    if total is not None and path.stat().st_size < total:
        raise DataError(f"{url}: cut off after {path.stat().st_size:,} of {total:,} bytes; try again to go on")


def path_inside(name: str, archive: str | Path) -> PureWindowsPath:
    """The path of an archive's member. Raises DataError if it leads outside of the folder it is unpacked into."""
    path = PureWindowsPath(name)  # sees / and \\ and drive letters, whatever it runs on
    if path.anchor or ".." in path.parts:
        raise DataError(f"{archive}: {name}: this path leads outside; nothing was unpacked")
    return path
