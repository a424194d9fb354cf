"""Tells, for each type of widget in the editor, which saved values it takes and what it sends.

Each entry is read in the editor's source (`scripts/widgets.ts`, `useRangeWidget.ts`, …, and the
extensions under `extensions/core`) and checked against the editor where a released class uses it.
"""

from dataclasses import dataclass
from typing import Any, Final

DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
DYNAMIC_GROUP = "COMFY_DYNAMICGROUP_V3"
AUTOGROW = "COMFY_AUTOGROW_V3"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"
COMBO_OPTION = "COMBO_OPTION"
"""Our type for one of the choices that a CustomCombo holds itself."""
COMBO_INDEX = "COMBO_INDEX"
"""Our type for the place of a CustomCombo's choice among its options."""
VIEWPORT = "VIEWPORT"
"""Our type for a 3D view that sends its camera, but no picture."""

MADE = "MADE_BY_SCRIPT"
"""Our type for a widget that the script of a pack makes; its saved value is sent."""
CONTROLS = frozenset({
    "control_after_generate", "control_filter_list",
    "fixed", "increment", "decrement", "randomize",
})  # fmt: skip
"""Names of the widget "control after generate"; some editors named it after its setting."""


class Absent:
    """JavaScript's undefined: such an input is not sent."""


ABSENT: Final = Absent()


@dataclass(frozen=True)
class WidgetType:
    """The way in which one type of widget is saved and sent."""

    slots: int = 1
    """Entries of `widgets_values`: the first is the value, the others are parts and buttons."""
    parts: tuple[str, ...] = ()
    """Names of the widgets for the parts of the value."""
    is_sent: bool = True
    default: Any = ABSENT
    """The value if neither the file nor the class has one."""
    constant: Any = ABSENT
    """The value that is always sent, whatever the file holds."""
    is_made_in_browser: bool = False
    """True if the value is a picture that the browser renders when the work is sent."""


UNSENT = WidgetType(is_sent=False)
UNSENT_WITHOUT_SLOT = WidgetType(slots=0, is_sent=False)
WIDGET_TYPES: dict[str, WidgetType] = {
    "INT": WidgetType(default=0),
    "FLOAT": WidgetType(default=0),
    "BOOLEAN": WidgetType(default=False),
    "STRING": WidgetType(default=""),
    "MARKDOWN": WidgetType(default=""),
    "TEXTAREA": WidgetType(default=""),
    "COMBO": WidgetType(),
    "COLOR": WidgetType(default="#000000"),
    "COLORS": WidgetType(default=[]),
    "CHART": WidgetType(default={}),
    "GALLERIA": WidgetType(default=[]),
    "PAINTER": WidgetType(),
    "COMPOSITOR": WidgetType(default={}),
    "CURVE": WidgetType(
        default={"points": [[0, 0], [1, 1]], "interpolation": "monotone_cubic"},
    ),
    "RANGE": WidgetType(default={"min": 0.0, "max": 1.0}),
    "VIDEO_EDIT": WidgetType(
        default={
            "trim": {"start_time": 0, "duration": 0},
            "crop": {"x": 0, "y": 0, "width": 0, "height": 0},
        }
    ),
    "BOUNDING_BOX": WidgetType(
        slots=5,
        parts=("x", "y", "width", "height"),
        default={"x": 0, "y": 0, "width": 512, "height": 512},
    ),
    "BOUNDING_BOXES": WidgetType(default=[]),
    "LIGHT_INFO_PREVIEW": WidgetType(default=[]),
    "IMAGECOMPARE": WidgetType(slots=0, constant=["", ""]),
    "PREVIEW_3D": WidgetType(constant=""),
    VIEWPORT: WidgetType(),
    "AUDIO_RECORD": WidgetType(default=""),
    "AUDIO_UI": UNSENT_WITHOUT_SLOT,
    "RESOLUTION_PREVIEW": UNSENT_WITHOUT_SLOT,
    "CAMERA_INFO_STATE": UNSENT_WITHOUT_SLOT,
    "CAMERA_ANGLE_VIEW": UNSENT,
    "IMAGEUPLOAD": UNSENT,
    "AUDIOUPLOAD": UNSENT,
    "LOAD_3D": WidgetType(slots=4, is_made_in_browser=True),
    "WEBCAM": WidgetType(is_made_in_browser=True),
    DYNAMIC_COMBO: WidgetType(),
    DYNAMIC_GROUP: UNSENT,
    COMBO_OPTION: WidgetType(default=""),
    COMBO_INDEX: WidgetType(),
    MADE: WidgetType(),
}
