"""Sphinx extension: the buttons that need the repository's address, which `make repository` writes to `_config.yml`.

Without an address there are none: no button leads to a page that does not exist.
"""

from sphinx.application import Sphinx
from sphinx.config import Config

BUTTONS = {
    "use_repository_button": True,
    "use_issues_button": True,
    "use_edit_page_button": True,
    "launch_buttons": {
        "colab_url": "https://colab.research.google.com",
        "binderhub_url": "https://mybinder.org",
        "notebook_interface": "jupyterlab",
    },
}


def add_buttons(app: Sphinx, config: Config) -> None:
    if config.html_theme_options.get("repository_url"):
        config.html_theme_options |= BUTTONS


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", add_buttons, priority=100)  # before the theme reads its options
    return {"parallel_read_safe": True, "parallel_write_safe": True}
