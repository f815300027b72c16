"""The notebook's widget: its messages, its selection, and the page's module mounted on a stand-in for anywidget."""

from __future__ import annotations

import base64
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import traitlets
from fresh import in_fresh_process

from diabolo.errors import DataError, MissingExtraError
from diabolo.explorer import Page, widget
from diabolo.explorer.notebook import Explorer
from diabolo.explorer.protocol import join_arrays, split_arrays

Ask = Callable[..., tuple[dict[str, Any], dict[str, np.ndarray]]]


@pytest.fixture
def shown(plane: Any, digits: Any) -> Iterator[Explorer]:
    made = widget(plane, *digits)
    yield made
    made.close()


@pytest.fixture
def asked(shown: Explorer, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Send the widget a message as its page does: the answer's header and arrays."""
    sent: list[Any] = []
    monkeypatch.setattr(shown, "send", lambda content, buffers: sent.append((content, buffers)))

    def ask(content: Any, arrays: Any = None, body: bytes | None = None) -> Any:
        listed, joined = join_arrays(arrays or {})
        if isinstance(content, dict) and "arrays" not in content:
            content = {**content, "arrays": listed}
        buffers = [memoryview(joined if body is None else body)]
        data = {"method": "custom", "content": content}
        shown.comm.handle_msg({"content": {"data": data}, "buffers": buffers})
        told, out = sent.pop()
        return told, split_arrays(told["arrays"], out[0]) if "arrays" in told else {}

    return ask


def test_a_question_gets_the_answer_of_the_model(asked: Ask, plane: Any) -> None:
    codes = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)
    told, made = asked({"do": "decode", "id": 7}, {"codes": codes})
    assert told["id"] == 7
    np.testing.assert_allclose(made["rows"], plane.inverse_transform(codes), atol=1e-6)
    told, _ = asked({"do": "hello", "id": 8})
    assert (told["n"], told["dim"], told["models"], told["kernel"]) == (600, 2, 1, True)
    # A long answer is given whole.
    assert asked({"do": "errors", "id": 9})[1]["values"].shape == (600,)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "a request must be a JSON object, got list"),
        ({"do": "decode", "id": 1}, "'codes' must be float32 of shape"),
        ({"do": "decoed", "id": 2}, "Did you mean 'decode'"),
        ({"do": 4, "id": 3}, "'do' must be a text"),
        ({"do": "decode", "id": 4, "arrays": [["codes", "f4", [1, 2]]]}, "longer than the message"),
        ({"do": "decode", "id": [], "arrays": 3}, "'arrays' must be a list"),
    ],
)
def test_a_bad_message_is_answered(asked: Ask, content: Any, sentence: str) -> None:
    told, _ = asked(content)
    assert sentence in told["error"]
    assert told["id"] == (content["id"] if isinstance(content, dict) and content["id"] else None)
    assert asked({"do": "hello", "id": 5})[0]["n"] == 600


def test_a_message_that_is_too_large_is_refused(asked: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diabolo.explorer.notebook.MAX_BYTES", 10)
    assert "at most 10 are read" in asked({"do": "hello", "id": 1}, body=bytes(20))[0]["error"]


def test_selection_is_checked_and_sorted(shown: Explorer) -> None:
    seen: list[Any] = []
    shown.observe(lambda change: seen.append(change["new"]), "selection")
    shown.selection = [9, 2, 2]
    assert shown.selection == [2, 9]
    assert seen == [[2, 9]]
    assert "selection" in shown.keys
    with pytest.raises(DataError, match="selection must hold rows from 0 to 599, got 2 to 600"):
        shown.selection = [2, 600]
    with pytest.raises(traitlets.TraitError):
        shown.selection = ["2"]
    assert shown.selection == [2, 9]


def test_explore_gives_a_widget_in_a_notebook_and_a_page_elsewhere(
    plane: Any, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    with plane.explore(*digits) as page:
        assert isinstance(page, Page)
        assert opened == [page.url]
    kernel = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    assert isinstance(plane.explore(*digits), Explorer)
    # Without the extra, a notebook gets the page, and is told why.
    monkeypatch.delitem(sys.modules, "diabolo.explorer.notebook")
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match=r"pip install .diabolo\[notebook\]"):
        widget(plane, *digits)
    with pytest.warns(UserWarning, match="opens in the browser instead"):
        page = plane.explore(*digits)
    page.stop()
    assert len(opened) == 2


def test_the_explorer_does_not_import_widgets() -> None:
    code = "import sys, diabolo.explorer; print(*{'anywidget', 'ipywidgets', 'IPython'} & set(sys.modules))"
    assert in_fresh_process(code).strip() == ""


MOUNT = """async ([esm, css]) => {
    const style = document.createElement('style');
    style.textContent = css;
    document.head.append(style);
    const handlers = {};
    const state = { selection: [] };
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const model = {
      get: (name) => state[name],
      set: (name, value) => { state[name] = value },
      save_changes: () => window.saved([...state.selection]),
      on: (name, f) => (handlers[name] ??= new Set()).add(f),
      off: (name, f) => handlers[name]?.delete(f),
      send: async (content, callbacks, buffers) => {
        const text = Array.from(buffers[0], (b) => String.fromCharCode(b)).join('');
        const [told, body] = await window.python(content, btoa(text));
        // A widget's buffers lie anywhere in a longer one.
        const longer = new Uint8Array([0, 0, 0, ...bytes(body)]);
        for (const f of handlers['msg:custom'] ?? []) f(told, [new DataView(longer.buffer, 3)]);
      },
    };
    window.fromPython = (rows) => { state.selection = rows; for (const f of handlers['change:selection'] ?? []) f() };
    window.heard = () => Object.values(handlers).reduce((sum, set) => sum + set.size, 0);
    const module = await import(URL.createObjectURL(new Blob([esm], { type: 'text/javascript' })));
    window.cleanup = module.default.render({ model, el: document.querySelector('#cell') });
}"""
STATE = "() => window.__explorer.state()"


@pytest.mark.browser
def test_the_module_mounts_as_a_widget_and_selection_goes_both_ways(
    browser: Any, shown: Explorer, plane: Any, asked: Ask
) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_content("<p>a notebook</p><div id=cell></div>")

    def python(content: Any, body: str) -> Any:
        header, arrays = asked(content, body=base64.b64decode(body))
        return [header, base64.b64encode(join_arrays(arrays)[1]).decode()]

    def saved(rows: list[int]) -> None:
        shown.selection = rows

    page.expose_function("python", python)
    page.expose_function("saved", saved)
    page.evaluate(MOUNT, [shown.get_state()[name] for name in ("_esm", "_css")])
    page.wait_for_function("() => window.__explorer?.state().ready")
    assert page.locator(".dx-widget").bounding_box()["height"] == 760
    state = page.evaluate(STATE)
    assert state["points"] == 600
    page.wait_for_function("() => window.__explorer.state().decoded")
    state = page.evaluate(STATE)
    expected = plane.inverse_transform(np.array([state["decodedAt"]], np.float32))[0]
    np.testing.assert_allclose(state["decoded"], expected, atol=1e-6)

    page.evaluate("window.__explorer.commands.select([4, 2])")
    page.wait_for_timeout(50)
    assert shown.selection == [2, 4]
    page.evaluate("window.fromPython([5, 6, 7])")
    assert page.evaluate(STATE)["selection"] == [5, 6, 7]
    assert page.locator("[data-selected]").get_attribute("data-selected") == "3"
    assert shown.selection == [2, 4]  # what came from Python is not sent back

    # Keys belong to the notebook while nothing of the explorer has the focus.
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("t")
    assert not page.evaluate(STATE)["layers"]["thumbs"]

    # A kernel that does not answer is said to be busy; when it answers, that is over.
    page.evaluate("""() => { const answer = window.python;
        const wait = () => new Promise((go) => setTimeout(go, 2200));
        window.python = async (...asked) => { await wait(); return answer(...asked) };
        window.__explorer.commands.pin(3) }""")
    page.wait_for_function("() => window.__explorer.state().busy")
    assert "kernel is busy" in page.locator(".dx-banner").inner_text()
    page.wait_for_function("() => !window.__explorer.state().busy")
    assert not page.locator(".dx-banner").is_visible()

    page.evaluate("window.cleanup()")
    assert page.locator("#cell").inner_html() == ""
    assert not problems
    page.close()
