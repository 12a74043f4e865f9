"""Types that are looked into to the last member."""

import contextlib
import importlib
import pkgutil
import sys
import types
import typing

import pydantic
import typing_extensions


@contextlib.contextmanager
def solid():
    """While an SDK is imported: `Iterable[T]`, which pydantic looks into only when somebody
    iterates, is a list."""
    lazy, typing.Iterable = typing.Iterable, typing.List
    try:
        yield
    finally:
        typing.Iterable = lazy


def forbid_extras(package, instead=None):
    """Makes every `TypedDict` of a package refuse members that it does not name. `instead` has
    other types for some names, for what a program may say and no wire."""
    with solid():
        modules = modules_of(package)
    for module in modules:
        for other, better in (instead or {}).items():
            if hasattr(module, other):
                setattr(module, other, better)
        for value in vars(module).values():
            if typing_extensions.is_typeddict(value):
                value.__pydantic_config__ = pydantic.ConfigDict(extra="forbid")


def forbid_in_models(package):
    """Makes every model of a package refuse members that it does not name."""
    models = set()
    for module in modules_of(package):
        models.update(one for one in vars(module).values() if is_model(one))
    for model in models:
        model.model_config = {**model.model_config, "extra": "forbid"}
        # Whoever is made of it would take it as it was.
        if "__pydantic_core_schema__" in vars(model):
            del model.__pydantic_core_schema__
    for model in models:
        model.model_rebuild(force=True)


def is_model(value):
    return isinstance(value, type) and issubclass(value, pydantic.BaseModel)


def modules_of(package):
    root = importlib.import_module(package)
    found = pkgutil.walk_packages(root.__path__, f"{package}.")
    return [root, *(importlib.import_module(module.name) for module in found)]


def no_models(union):
    """A text, or a list of what may be sent: without the models of what is received."""
    text, many = typing.get_args(union)
    (one,) = typing.get_args(many)
    return typing.Union[text, typing.List[typing.Union[tuple(filter(typing_extensions.is_typeddict, flatten(one)))]]]


def problems(validate, value=None):
    """What pydantic says of it, each as one line; nothing if nothing is wrong."""
    try:
        validate()
    except pydantic.ValidationError as error:
        return closest(error.errors(include_input=False, include_url=False), value)
    return []


def closest(errors, value):
    """A union tells of every type that it tried: what the nearest of them wants."""
    tried = {}
    for error in errors:
        path, labels = place(error["loc"], value)
        tried.setdefault(labels, []).append((path, error["type"], error["msg"][:150]))
    others = [labels for labels, found in tried.items() if any(tag(*one) for one in found)]
    meant = {
        labels: found
        for labels, found in tried.items()
        if not any(labels[: len(other)] == other for other in others)
    }
    # The more of it was understood, the nearer.
    nearest = min((meant or tried).items(), key=lambda one: (len(one[1]), -len(one[0])))
    return [": ".join(found) for found in nearest[1]]


def tag(path, kind, _):
    """It is of another type, by its own account."""
    return kind in ("literal_error", "missing") and path.endswith(("/type", "/role", "/stream", "/object"))


def place(loc, value):
    """Where in the JSON it is, and the types that were tried on the way, each with its place."""
    path, labels = "", []
    for i, step in enumerate(loc):
        inside = isinstance(value, dict) and step in value or isinstance(value, list) and isinstance(step, int)
        if inside or i == len(loc) - 1 and not str(step)[:1].isupper() and "[" not in str(step):
            path += f"/{step}"
            value = value[step] if inside and (isinstance(value, dict) or step < len(value)) else None
        else:
            labels.append((path, str(step)))
    return path, tuple(labels)


def check(validate, value=None):
    """Raises if pydantic does, in few words."""
    found = problems(validate, value)
    if found:
        raise ValueError("; ".join(found[:4]))


def by_type(union):
    """The members of a union of models, by the constant that is their `type`."""
    members = {}
    for member in flatten(union):
        for name in typing.get_args(member.model_fields["type"].annotation):
            members[name] = member
    return members


def flatten(union):
    if typing.get_origin(union) in (typing.Union, types.UnionType):
        for member in typing.get_args(union):
            yield from flatten(member)
    elif typing.get_origin(union) is typing.Annotated or hasattr(union, "__metadata__"):
        yield from flatten(typing.get_args(union)[0])
    else:
        yield union
