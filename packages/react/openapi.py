"""Prints the part of the OpenAPI document that the hooks speak, from which their types are made: `make types`.

Only that part, and without descriptions, so that the types change when and only when what the package relies on does.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from images_app import bootstrap
from images_app.api.app import create_api
from images_app.settings import load

SPOKEN = ("getMe", "listImages", "getImage", "deleteImage", "uploadFile", "listEvents")
_TEXT = ("description", "summary", "example", "examples", "title")


def document() -> dict[str, Any]:
    """The paths of SPOKEN and the schemas that they need."""
    with tempfile.TemporaryDirectory() as folder:
        world = bootstrap.build(load(data_dir=Path(folder)))
        try:
            whole = create_api(world).openapi()
        finally:
            world.close()
    paths: dict[str, Any] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] in SPOKEN:
                paths.setdefault(path, {})[method] = _spoken(operation)
    components: dict[str, dict[str, Any]] = {}
    _gather(whole, paths, components)
    info = {"title": "Aeontel Images", "version": "1"}
    return {"openapi": whole["openapi"], "info": info, "paths": paths, "components": _plain(components)}


def _spoken(operation: dict[str, Any]) -> dict[str, Any]:
    """What is sent and answered; failures are all of one shape, for which 404 stands."""
    answers = {
        status: {"description": "", "content": response["content"]}
        for status, response in operation["responses"].items()
        if status.startswith("2") or status == "404"
    }
    sent = {key: _plain(operation[key]) for key in ("parameters", "requestBody") if key in operation}
    return {"operationId": operation["operationId"], **sent, "responses": answers}


def _gather(whole: dict[str, Any], part: Any, into: dict[str, dict[str, Any]]) -> None:
    """Everything that `part` refers to, and what that refers to."""
    if isinstance(part, list):
        for each in part:
            _gather(whole, each, into)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                kind, name = value.split("/")[-2:]
                if name not in into.setdefault(kind, {}):
                    into[kind][name] = whole["components"][kind][name]
                    _gather(whole, into[kind][name], into)
            else:
                _gather(whole, value, into)


def _plain(part: Any, *, is_named: bool = False) -> Any:
    """Without texts; `is_named`: the keys are names of ours, such as a property called `title`."""
    if isinstance(part, list):
        return [_plain(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if is_named or key not in _TEXT}
    return {key: _plain(value, is_named=key in ("properties", "schemas")) for key, value in kept.items()}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, sort_keys=True)
