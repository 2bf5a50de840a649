"""Sphinx extension: what needs the repository's address, which `make repository` writes to `_config.yml`.

Buttons to the repository, to Colab and Binder, and the cards that messengers show of a link to a published page. Where
there is no address there are none: no button leads to a page that does not exist. Colab reads GitHub only, and the
theme knows no other for Binder.
"""

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

BUTTONS: dict[str, Any] = {
    "use_repository_button": True,
    "use_issues_button": True,
    "use_edit_page_button": True,
}
LAUNCH = {
    "colab_url": "https://colab.research.google.com",
    "binderhub_url": "https://mybinder.org",
    "notebook_interface": "jupyterlab",
}


def add_links(app: Sphinx, config: Config) -> None:
    options: dict[str, Any] = config.html_theme_options
    options |= BUTTONS
    if options.get("repository_url", "").startswith("https://github.com/"):
        options["launch_buttons"] = LAUNCH
    config.ogp_site_url = config.html_baseurl
    config.ogp_site_name = config.html_title
    config.ogp_social_cards = {"enable": False}  # pictures of the text; the detector's own say more
    config.ogp_image = f"{config.html_baseurl}_static/detections.png"
    config.ogp_image_alt = "Drawn shapes, each in a labelled box that the detector put there."


def setup(app: Sphinx) -> dict[str, bool]:
    if app.config.html_baseurl:
        app.setup_extension("sphinxext.opengraph")
        app.connect("config-inited", add_links, priority=100)  # before the theme reads its options
    return {"parallel_read_safe": True, "parallel_write_safe": True}
