"""How Reflex builds and serves the face. Run `aeontel serve`; this file is read by Reflex itself."""

from images_app.settings import enter_reflex_environment, settings

own = settings()
enter_reflex_environment(own)  # before Reflex is imported: it reads the environment while it loads

import reflex as rx  # noqa: E402

from images_app.frontend import PLACEHOLDER  # noqa: E402

config = rx.Config(
    app_name="images_app",
    frontend_port=own.port,
    backend_port=own.port,
    # Reflex builds addresses into the bundle, and `frontend.build` takes them out again.
    api_url=f"http://{PLACEHOLDER}",
    deploy_url=f"http://{PLACEHOLDER}",
    # One page of pictures is small; a restart loses nothing, because a page that reconnects asks again. With several
    # servers `state.carried` takes its place.
    state_manager_mode="memory",
    cors_allowed_origins=sorted({own.public_url, f"http://localhost:{own.port}", f"http://127.0.0.1:{own.port}"}),
    db_url=None,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    disable_plugins=[rx.plugins.SitemapPlugin],
)
