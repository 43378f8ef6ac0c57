"""`aeontel mcp`: the gallery as tools for a program that speaks the Model Context Protocol over stdin and stdout."""

from images_app.cli.rest.connection import Session


def mcp(session: Session) -> None:
    """Serve the tools of docs/mcp.md over stdin and stdout, for a program that starts this command."""
    from images_app.mcp.stdio import serve

    serve(session.url, session.token)
