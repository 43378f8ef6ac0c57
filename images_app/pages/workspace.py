"""A workspace's name and limits."""

import reflex as rx

from images_app.components.frame import bar, frame
from images_app.components.shell import offline_notice
from images_app.components.workspace import workspace_settings


def page() -> rx.Component:
    return frame(bar("Settings", current="settings"), offline_notice(), workspace_settings(), current="settings")
