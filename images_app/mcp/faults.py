"""What a model is told when a tool fails: the code of the REST problem, what happened, and what to do."""

from pydantic import ValidationError

from images_app import client
from images_app.client import ClientError, Problem
from images_app.mcp.untrusted import shown

_ADVICE: dict[type[Problem], str] = {
    client.BadRequest: "Correct the arguments.",
    client.SignedOut: "Ask the user for a valid token: this one is unknown, revoked or expired.",
    client.Forbidden: "Do not try again: the token lacks the scope, or its owner the role. Tell the user.",
    client.NotFound: "It is not there, or this token does not reach it. list_images shows what there is.",
    client.Conflict: "Look at it again: it has changed.",
    client.ServerFault: "Try again later; nothing was changed unless said otherwise.",
}


def told(error: ClientError) -> str:
    """`code: what happened. What to do.`"""
    match error:
        case client.TooManyRequests(retry_after=seconds):
            wait = f"in {seconds:.0f} seconds" if seconds else "later"
            return f"{shown(error.code)}: {_sentence(error.detail)} Try again {wait}."
        case Problem():
            advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "Tell the user.")
            return f"{shown(error.code)}: {_sentence(error.detail)} {advice}"
        case client.NoAnswer():
            return f"no_answer: {_sentence(error)} Ask the user whether the server runs, and at this address."
    return f"unexpected_answer: {_sentence(error)} Tell the user."


def _sentence(text: object) -> str:
    plain = shown(text)
    return plain if plain.endswith((".", "?", "!")) else f"{plain}."


def of_arguments(error: ValidationError) -> str:
    """Which arguments are wrong, and how."""
    faults = "; ".join(
        f"{shown('.'.join(str(part) for part in fault['loc'])) or 'arguments'}: {shown(fault['msg'])}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)[:10]
    )
    return f"invalid_arguments: {faults}. Correct the arguments."
