"""Examples of every body in the OpenAPI document and of the ids in its addresses; a test holds them to the schemas."""

from typing import Any

_SUFFIX = "01m7vpggc6e7a834dncn5fcrp4"
_AT, _LATER = "2026-07-01T12:00:00.000Z", "2026-07-08T12:00:00.000Z"
IDS = {prefix: f"{prefix}_{_SUFFIX}" for prefix in ("usr", "wsp", "ses", "fil", "img", "tok", "evt")}
PATH_IDS = {
    "images": IDS["img"],
    "by-file": IDS["fil"],
    "files": IDS["fil"],
    "workspaces": IDS["wsp"],
    "members": IDS["usr"],
    "users": IDS["usr"],
    "sessions": IDS["ses"],
    "tokens": IDS["tok"],
    "problems": "not_found",
}
"""By the part of the path that comes before the parameter."""

_EMAIL = "bob@example.com"
_USER = {"id": IDS["usr"], "email": _EMAIL, "isAdmin": False}
_SEEN_USER = {**_USER, "isPending": True, "createdAt": _AT}
_LINK = {
    "url": "https://images.example.com/password#nB1g4-Zt9oYq1c7J0mUuX8fJYb2sKQm5r3wTz6dEaVo",
    "sentTo": None,
    "purpose": "invite",
    "expiresAt": _LATER,
}
_MEMBER = {"userId": IDS["usr"], "email": _EMAIL, "role": "editor", "isPending": True, "createdAt": _AT}
_WORKSPACE = {
    "id": IDS["wsp"],
    "name": "Holidays",
    "role": "owner",
    "images": 120,
    "files": 130,
    "trash": 2,
    "bytes": 734003200,
    "quota": {"bytes": 10737418240, "files": None},
    "ownQuota": {"bytes": None, "files": None},
    "createdAt": _AT,
}
_TOKEN = {
    "id": IDS["tok"],
    "name": "backup",
    "hint": "aeo_4fQ2",
    "scopes": ["read"],
    "workspaceIds": None,
    "createdAt": _AT,
    "expiresAt": None,
    "lastUsedAt": None,
}
_SESSION = {
    "id": IDS["ses"],
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "createdAt": _AT,
    "lastUsedAt": _AT,
    "expiresAt": "2026-07-31T12:00:00.000Z",
    "isCurrent": True,
}
_IMAGE = {
    "id": IDS["img"],
    "fileId": IDS["fil"],
    "workspaceId": IDS["wsp"],
    "cfImageId": "0f3a5c9e-1f0b-4b0c-8a53-2c1d7f7f1c77",
    "width": 4000,
    "height": 3000,
    "size": 5242880,
    "exif": {"Make": "Camera", "FNumber": 2.8},
    "url": "https://images.example.com/imagedelivery/hash/0f3a5c9e-1f0b-4b0c-8a53-2c1d7f7f1c77/public",
}
_FILE = {
    "id": IDS["fil"],
    "workspaceId": IDS["wsp"],
    "imageId": IDS["img"],
    "name": "beach.jpg",
    "mime": "image/jpeg",
    "size": 5242880,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "status": "ready",
    "error": None,
    "provisioning": {"state": "done", "attempt": 1, "nextAttemptAt": None},
    "createdBy": IDS["usr"],
    "createdAt": _AT,
    "updatedAt": _AT,
}
_EVENT = {
    "id": IDS["evt"],
    "seq": 42,
    "type": "image.created",
    "createdAt": _AT,
    "workspaceId": IDS["wsp"],
    "fileId": IDS["fil"],
    "imageId": IDS["img"],
    "actorId": None,
    "data": {},
}
_PAUSE = {
    "reason": "full",
    "code": "cloudflare_5453",
    "message": "Cloudflare answered 403, 5453: The account has reached a service limit.",
    "since": _AT,
    "nextProbeAt": _LATER,
}
_NOT_FOUND = {"type": "/api/problems/not_found", "code": "not_found", "status": 404, "title": "Not found"}
_KIND = {**_NOT_FOUND, "meaning": "Nothing there, or nothing that this caller may know of."}


def _page(*items: dict[str, Any]) -> dict[str, Any]:
    cursor = "MWltZzppbWdfMDFtN3ZwZ2djNmU3YTgzNGRuY241ZmNycDQ"
    info = {"total": 1, "hasNextPage": False, "hasPreviousPage": False, "startCursor": cursor, "endCursor": cursor}
    return {"data": list(items), "pageInfo": info}


EXAMPLES: dict[str, dict[str, Any]] = {
    "Alive": {"status": "ok"},
    "Credentials": {"email": _EMAIL, "password": "correct horse battery staple"},
    "Emptied": {"success": True, "deleted": 12},
    "Retried": {"retried": 3},
    "EventList": _page(_EVENT),
    "FileList": _page(_FILE),
    "FileShown": _FILE,
    "Forgotten": {"email": _EMAIL},
    "ImageList": _page(_IMAGE),
    "ImageShown": _IMAGE,
    "Invitation": {"email": _EMAIL, "role": "editor"},
    "Invited": {"member": _MEMBER, "link": _LINK},
    "Limits": {
        "maxFileBytes": 1073741824,
        "maxPageSize": 100,
        "maxBodyBytes": 1048576,
        "formats": ["image/jpeg", "image/png"],
        "trashDays": 30,
        "quotaBytes": None,
        "quotaFiles": None,
        "requestsPerMinute": 60000,
        "mail": False,
    },
    "LinkChecked": {"email": _EMAIL, "purpose": "invite", "expiresAt": _LATER},
    "LinkShown": _LINK,
    "LinkToken": {"token": "nB1g4-Zt9oYq1c7J0mUuX8fJYb2sKQm5r3wTz6dEaVo"},
    "Me": {
        **_USER,
        "workspaces": [{"id": IDS["wsp"], "name": "Holidays", "role": "owner"}],
        "via": "token",
        "scopes": ["read", "write"],
    },
    "MemberList": _page(_MEMBER),
    "MemberShown": _MEMBER,
    "NewPassword": {"token": "nB1g4-Zt9oYq1c7J0mUuX8fJYb2sKQm5r3wTz6dEaVo", "password": "correct horse battery"},
    "NewRole": {"role": "viewer"},
    "NewToken": {"name": "backup", "scopes": ["read"], "workspaceIds": [IDS["wsp"]], "expiresAt": _LATER},
    "NewUser": {"email": _EMAIL},
    "WhoseFailed": {"workspaceId": IDS["wsp"]},
    "NewWorkspace": {"name": "Holidays"},
    "OwnPassword": {"current": "correct horse battery staple", "new": "another long password"},
    "Problem": {**_NOT_FOUND, "detail": "Not found", "instance": "c0ffee"},
    "ProblemKind": _KIND,
    "ProblemKinds": {"data": [_KIND]},
    "ProvisioningShown": {"state": "paused", "pause": _PAUSE},
    "Ready": {"status": "ok", "checks": {"database": "ok", "objects": "ok", "cloudflare": "ok"}},
    "SessionList": _page(_SESSION),
    "SignedIn": {"user": _USER},
    "Success": {"success": True},
    "TokenList": _page(_TOKEN),
    "TokenMade": {**_TOKEN, "secret": "aeo_4fQ2…, shown this once"},
    "UserList": _page(_SEEN_USER),
    "UserMade": {**_SEEN_USER, "link": _LINK},
    "UserShown": _SEEN_USER,
    "WorkspaceChange": {"name": "Holidays 2026"},
    "WorkspaceList": _page(_WORKSPACE),
    "WorkspaceShown": _WORKSPACE,
}
"""By the name of the schema; what is only a part of other bodies is shown within them."""
