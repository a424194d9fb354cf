"""Reads the editor's file into models: graph nodes, links and subgraph definitions.

Ids are numbers or texts and become texts. A link is an array in the root graph and an object in
subgraphs; `inputs[].link` decides which links exist, and a link's own target is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from workflows.convert.classes import RENAMED
from workflows.convert.refusal import NOT_CONVERTED, cut_text, refusal
from workflows.json_values import as_array, as_object, is_number
from workflows.problems import Problems

MOST_NODES = 5_000
MOST_LINKS = 20_000
MOST_DEFINITIONS = 500
MOST_EXACT = 2**53
"""JavaScript's integers are exact below this."""

M = TypeVar("M", bound=BaseModel)


def as_id(value: object) -> object:
    """Return ids as texts: 12, 12.0 and "12" are one graph node."""
    if is_number(value) and -MOST_EXACT < value < MOST_EXACT:
        return f"{value:.0f}"
    return value


def id_text(raw: Mapping[str, Any]) -> str:
    """Return the id of an unread entry, for messages."""
    id_ = as_id(raw.get("id"))
    return id_ if isinstance(id_, str) else "?"


def as_type(value: object) -> str:
    """Return the type; old files hold the choices of a combo in its place, or 0 for any."""
    if isinstance(value, list):
        return "COMBO"
    return value if isinstance(value, str) else "*"


def current_name(class_: str) -> str:
    return RENAMED.get(class_, class_)


def or_empty(value: object) -> object:
    return [] if value is None else value


Id = Annotated[str, BeforeValidator(as_id), Field(max_length=200)]
AtMost = Field(max_length=1_000)
SlotType = Annotated[str, BeforeValidator(as_type)]


class Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SavedInput(Lenient):
    name: str = ""
    type: SlotType = "*"
    link: Id | None = None
    widget: Any = None

    @property
    def widget_name(self) -> str | None:
        """The widget that this socket replaces."""
        name = as_object(self.widget).get("name")
        return name if isinstance(name, str) else None


class SavedOutput(Lenient):
    type: SlotType = "*"


class SavedNode(Lenient):
    id: Id
    type: Annotated[str, Field(max_length=500), AfterValidator(current_name)]
    mode: int = 0
    title: Any = None
    inputs: Annotated[tuple[SavedInput, ...], AtMost, BeforeValidator(or_empty)] = ()
    outputs: Annotated[tuple[SavedOutput, ...], AtMost, BeforeValidator(or_empty)] = ()
    properties: Any = None
    widgets_values: Any = None
    widgets_values_named: Any = None

    @property
    def named(self) -> Mapping[str, Any]:
        """Values by name, which newer editors save too; they survive a change of the class."""
        return as_object(self.widgets_values_named)

    @property
    def values(self) -> list[Any]:
        return as_array(self.widgets_values)


class SavedLink(Lenient):
    id: Id
    origin_id: Id
    origin_slot: int
    target_id: Id


Links = Annotated[tuple[Id, ...], BeforeValidator(or_empty)]


class BoundaryOutput(Lenient):
    type: SlotType = "*"
    links: Links = Field((), alias="linkIds")


class BoundaryInput(BoundaryOutput):
    name: str


@dataclass(frozen=True)
class SavedGraph:
    """The root graph or the inside of a subgraph; the root has no inputs and outputs."""

    nodes: Mapping[str, SavedNode]
    links: Mapping[str, SavedLink]
    inputs: tuple[BoundaryInput, ...] = ()
    outputs: tuple[BoundaryOutput, ...] = ()


def read_definitions(ui: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return unread subgraph definitions by id, also those that stand inside another.

    They stay unread, because many files hold more than they use.
    """
    raw: dict[str, Mapping[str, Any]] = {}
    waiting = [ui]
    while waiting:
        for found in as_array(as_object(waiting.pop().get("definitions")).get("subgraphs")):
            definition = as_object(found)
            if raw.setdefault(id_text(definition), definition) is definition:
                waiting.append(definition)
            if len(raw) > MOST_DEFINITIONS:
                message = f"expected at most {MOST_DEFINITIONS} subgraphs"
                raise refusal("definitions", "too_many", message)
    return raw


def read_definition(raw: Mapping[str, Any]) -> SavedGraph:
    path = f"definitions.{id_text(raw)}."
    graph = read_graph(raw, path)
    inputs = read_all(BoundaryInput, raw.get("inputs"), f"{path}inputs")
    outputs = read_all(BoundaryOutput, raw.get("outputs"), f"{path}outputs")
    return SavedGraph(graph.nodes, graph.links, inputs, outputs)


def read_graph(raw: Mapping[str, Any], path: str) -> SavedGraph:
    nodes = [
        read(SavedNode, entry, f"{path}nodes.{id_text(as_object(entry))}")
        for entry in several(raw, "nodes", path, MOST_NODES)
    ]
    links = [
        read_link(entry, f"{path}links.{index}")
        for index, entry in enumerate(several(raw, "links", path, MOST_LINKS))
        if entry is not None
    ]
    by_id: dict[str, SavedNode] = {}
    for node in nodes:
        if by_id.setdefault(node.id, node) is not node:
            raise refusal(f"{path}nodes.{node.id}", "twice", "two graph nodes have this id")
    return SavedGraph(by_id, {link.id: link for link in links})


def several(raw: Mapping[str, Any], key: str, path: str, most: int) -> list[Any]:
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise refusal(f"{path}{key}", "invalid", "expected a list")
    entries = cast("list[Any]", value)
    if len(entries) > most:
        raise refusal(f"{path}{key}", "too_many", f"expected at most {most}")
    return entries


def read_link(raw: object, path: str) -> SavedLink:
    if isinstance(raw, list):
        names = ("id", "origin_id", "origin_slot", "target_id")
        raw = dict(zip(names, cast("list[Any]", raw), strict=False))
    return read(SavedLink, raw, path)


def read_all(model: type[M], raw: object, path: str) -> tuple[M, ...]:
    return tuple(read(model, entry, f"{path}.{index}") for index, entry in enumerate(as_array(raw)))


def read(model: type[M], raw: object, path: str) -> M:
    """Return the entry as a model; raise Invalid with the place within it."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        found, problems = Problems(), Problems()
        found.add_validation(error, raw)
        for item in found.errors:
            problems.add(cut_text(f"{path}.{item.path}".rstrip(".")), item.code, item.message)
        raise problems.as_error(NOT_CONVERTED, code="cannot_convert") from error
