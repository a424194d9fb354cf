"""Lists classes that exist only in the editor, in ComfyUI itself and in packs of nodes.

To support a further one, add it to EDITOR_NODES with its role. Everything else follows from that.
"""

from dataclasses import dataclass
from enum import Enum, auto

PRIMITIVE = "PrimitiveNode"


class Role(Enum):
    """The part that a graph node of the editor alone takes in a conversion."""

    COMMENT = auto()
    """It tells something to the reader."""
    CONTROL = auto()
    """It mutes, bypasses or finds other graph nodes; their modes are in the file."""
    CHOICE = auto()
    """It unmutes one of its inputs at random each time; nothing if one is active already."""
    PASS = auto()
    """It passes input number n on as output number n."""
    PRIMITIVE = auto()
    """It writes its value into the widgets that it is linked to."""
    SETTER = auto()
    """It gives a name to what its input gets."""
    GETTER = auto()
    """It gives what the setter of that name gets, also one of an outer graph."""
    BROADCAST = auto()
    """It links its inputs to others by rules; the pack saves the links in `extra.ue_links`."""


@dataclass(frozen=True)
class EditorNode:
    role: Role
    family: str = ""
    """Setters and getters find each other within a family."""


KJ, EASY, GULI = "KJNodes", "Easy-Use", "GuliNodes"
EDITOR_NODES: dict[str, EditorNode] = {
    "Note": EditorNode(Role.COMMENT),
    "MarkdownNote": EditorNode(Role.COMMENT),
    "Label (rgthree)": EditorNode(Role.COMMENT),
    "Note+ (mtb)": EditorNode(Role.COMMENT),
    "Note Plus (mtb)": EditorNode(Role.COMMENT),
    "Reroute": EditorNode(Role.PASS),
    "Reroute (rgthree)": EditorNode(Role.PASS),
    PRIMITIVE: EditorNode(Role.PRIMITIVE),
    "SetNode": EditorNode(Role.SETTER, KJ),
    "GetNode": EditorNode(Role.GETTER, KJ),
    "easy setNode": EditorNode(Role.SETTER, EASY),
    "easy getNode": EditorNode(Role.GETTER, EASY),
    "GGSetNode": EditorNode(Role.SETTER, GULI),
    "GGGetNode": EditorNode(Role.GETTER, GULI),
    "Bookmark (rgthree)": EditorNode(Role.CONTROL),
    "Fast Muter (rgthree)": EditorNode(Role.CONTROL),
    "Fast Bypasser (rgthree)": EditorNode(Role.CONTROL),
    "Fast Groups Muter (rgthree)": EditorNode(Role.CONTROL),
    "Fast Groups Bypasser (rgthree)": EditorNode(Role.CONTROL),
    "Fast Actions Button (rgthree)": EditorNode(Role.CONTROL),
    "Mute / Bypass Relay (rgthree)": EditorNode(Role.CONTROL),
    "Mute / Bypass Repeater (rgthree)": EditorNode(Role.CONTROL),
    "Node Collector (rgthree)": EditorNode(Role.CONTROL),
    "Random Unmuter (rgthree)": EditorNode(Role.CHOICE),
    "Anything Everywhere": EditorNode(Role.BROADCAST),
    "Anything Everywhere?": EditorNode(Role.BROADCAST),
    "Anything Everywhere3": EditorNode(Role.BROADCAST),
    "Prompts Everywhere": EditorNode(Role.BROADCAST),
}
QUIET = frozenset({"Note", "MarkdownNote"})
"""Comments that the editor itself offers; nobody expects them to run."""
SAYS = {
    Role.COMMENT: "{} exists only in the editor and was left out",
    Role.CONTROL: "{} exists only in the editor and was left out; "
    "graph nodes are muted and bypassed as the file says",
    Role.CHOICE: "{} exists only in the editor and was left out",
}
"""The warning for each role that is left out."""
