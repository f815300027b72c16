"""Tensor operations, written down while they run, and run again on other tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import getitem, itemgetter
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

_REFUSED = (
    torch.Tag.nondeterministic_seeded,
    torch.Tag.data_dependent_output,  # Python may decide by it
    torch.Tag.dynamic_output_shape,
    torch.Tag.inplace_view,
)

#: A function, the places of its arguments, the place of its result, and whether it changes an argument.
Call = tuple[Callable[..., Any], tuple[int, ...], int, bool]


class Capture(TorchDispatchMode):
    """Writes down the operations that run within it, below autograd.

    Parameters
    ----------
    inputs : sequence of Tensor
        What is another tensor at every step.
    fixed : iterable of Tensor
        What stays where it is, though its numbers may change: the parameters.

    Attributes
    ----------
    refused : str
        What no list of operations can hold; empty if there was nothing.

    Examples
    --------
    >>> a, b, weight = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor([10.0, 10.0])
    >>> with Capture([a], [weight]) as tape:
    ...     result = (a * weight).sum()
    >>> tape.program([result])(b)
    [tensor(70.)]
    """

    def __init__(self, inputs: Sequence[Tensor], fixed: Iterable[Tensor]) -> None:
        super().__init__()
        self.refused = "" if len({id(x) for x in inputs}) == len(inputs) else "an input that is given twice"
        # By place: the values known before a step, None for what it computes. Tensors have places while they live.
        self._values: list[Any] = []
        self._known: set[int] = set()
        self._places = WeakTensorKeyDictionary()
        # Whose memory a tensor made in the step is in, and the views of that memory by their form.
        self._memory: dict[int, int] = {}
        self._views: dict[tuple[Any, ...], int] = {}
        self._calls: list[Call] = []
        self._inputs = [self._name(tensor, self._place()) for tensor in inputs]
        for tensor in fixed:
            self._know(tensor)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # the guard against being compiled would import the compiler, which takes a second

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if not self.refused:
            self.refused = self._why_not(func, args, kwargs, result)
        if not self.refused:
            self._note(func, args, kwargs, result)
        return result

    def program(self, results: Sequence[Tensor]) -> Program:
        """What repeats the operations that were recorded, as far as these results need them."""
        if not self.refused and any(x not in self._places for x in results):
            self.refused = "a result that no operation gave"
        outputs = [] if self.refused else [self._places[x] for x in results]
        return Program(self._calls, self._inputs, self._values, self._known, outputs)

    def _why_not(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> str:
        """Why an operation cannot be written down; empty if it can be."""
        each = [x for a in args for x in (a if isinstance(a, list | tuple) else [a])]
        if any(tag in func.tags for tag in _REFUSED) or any(isinstance(x, Tensor) for x in kwargs.values()):
            return str(func)
        if func.name() == "aten::lift_fresh":
            # A number out of Python's hands may be one of the code; many are something computed.
            return "" if result.dim() == 0 else "a tensor made of Python's numbers"
        if any(isinstance(x, Tensor) and x not in self._places for x in each):
            return f"{func} of a tensor from elsewhere"
        if any(self._places[x] not in self._memory for x in _changed(func, args)):
            return f"{func} on what was given"
        return "" if isinstance(result, Tensor | list | tuple) else f"{func}, which gives no tensor"

    def _note(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if func.name() == "aten::lift_fresh":
            self._know(result)
        elif func.name() == "aten::detach":
            self._name(result, self._places[args[0]])
        elif func.is_view and isinstance(result, Tensor):
            self._view(func, args, kwargs, result)
        elif isinstance(result, Tensor):
            changed = bool(_changed(func, args))
            place = self._places[result] if result in self._places else self._made(result)
            self._calls.append((*self._call(func, args, kwargs), place, changed))
        else:
            whole = self._place()
            self._calls.append((*self._call(func, args, kwargs), whole, bool(_changed(func, args))))
            for i, x in enumerate(result):
                if isinstance(x, Tensor):
                    place = self._name(x, self._place()) if func.is_view else self._made(x)
                    self._calls.append((getitem, (whole, self._constant(i)), place, False))

    def _view(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], view: Tensor) -> None:
        of, form = self._places[args[0]], _form(view)
        memory = self._memory.get(of)
        if view.dtype != args[0].dtype or (memory is None and of not in self._known):
            self._calls.append((*self._call(func, args, kwargs), self._name(view, self._place()), False))
        elif memory is None:
            # A view of a parameter is the same view at every step.
            with torch.no_grad():
                self._know(view, self._values[of].as_strided(*form))
        else:
            # Views of views come down to one view of what has the memory, and equal ones to the same.
            if (memory, *form) not in self._views:
                self._views[memory, *form] = self._place()
                places = (memory, *(self._constant(value) for value in form))
                self._calls.append((torch.as_strided, places, self._views[memory, *form], False))
            self._memory[self._name(view, self._views[memory, *form])] = memory

    def _call(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Callable[..., Any], tuple[int, ...]]:
        """A function of places only, and the places."""
        call = partial(func._op, **kwargs) if kwargs else func._op
        lengths = [
            len(a) if isinstance(a, list | tuple) and any(isinstance(x, Tensor) for x in a) else -1
            for a in args
        ]
        each = [x for a, n in zip(args, lengths, strict=True) for x in ([a] if n < 0 else a)]
        places = tuple(self._places[x] if isinstance(x, Tensor) else self._constant(x) for x in each)
        return (call if max(lengths, default=-1) < 0 else partial(_with_lists, call, lengths)), places

    def _place(self, value: Any = None) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _constant(self, value: Any) -> int:
        place = self._place(value)
        self._known.add(place)
        return place

    def _name(self, tensor: Tensor, place: int) -> int:
        self._places[tensor] = place
        return place

    def _know(self, tensor: Tensor, value: Tensor | None = None) -> None:
        self._name(tensor, self._constant(tensor.detach() if value is None else value))

    def _made(self, tensor: Tensor) -> int:
        place = self._name(tensor, self._place())
        self._memory[place] = self._views[place, *_form(tensor)] = place
        return place


def _changed(func: Any, args: tuple[Any, ...]) -> list[Tensor]:
    """The arguments that an operation writes to."""
    named = zip(func._schema.arguments, args, strict=False)
    return [
        x for a, x in named if a.alias_info is not None and a.alias_info.is_write and isinstance(x, Tensor)
    ]


def _form(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.stride(), tensor.storage_offset()


def _with_lists(call: Callable[..., Any], lengths: list[int], *values: Any) -> Any:
    """Call with some of the values in lists of these lengths; -1 stands for a value by itself."""
    source: Iterator[Any] = iter(values)
    return call(*(next(source) if n < 0 else [next(source) for _ in range(n)] for n in lengths))


class Program:
    """Operations one after another, each on places in one list of values.

    Parameters
    ----------
    calls : sequence of Call
    inputs : sequence of int
        The places of what is given at every step.
    values : sequence
        What is at each place before a step.
    known : set of int
        The places whose values stay.
    outputs : sequence of int
        The places of the results.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        inputs: Sequence[int],
        values: Sequence[Any],
        known: set[int],
        outputs: Sequence[int],
    ) -> None:
        self._values, self._inputs, self._outputs = list(values), inputs, outputs
        self._emptied = [i for i in {*inputs, *outputs} if i not in known]
        used, steps = {*known, *outputs}, []
        for call, arguments, out, changes in reversed(calls):
            if out not in used and not changes:
                continue  # nothing needs it
            # Memory is given back after the last use, as autograd does.
            last = [i for i in dict.fromkeys((*arguments, out)) if i not in used]
            used.update(last)
            steps.append((call, _getter(arguments), out, last))
        self._steps = steps[::-1]

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """The results for other inputs of the same shapes."""
        values = self._values
        for place, tensor in zip(self._inputs, inputs, strict=True):
            values[place] = tensor
        for call, arguments, out, last in self._steps:
            values[out] = call(*arguments(values))
            for place in last:
                values[place] = None
        results = [values[place] for place in self._outputs]
        for place in self._emptied:
            values[place] = None
        return results


def _getter(places: tuple[int, ...]) -> Callable[[list[Any]], Any]:
    """What takes the values at some places out of a list, as a sequence."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0))
