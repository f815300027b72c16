"""Models on the hub, against a stand-in for it on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diabolo import MLP, Autoencoder, Training
from diabolo.cli import main
from diabolo.errors import DiaboloError, FileError, SettingError
from diabolo.export import hub

X = np.random.default_rng(0).random((60, 5)).astype(np.float32)


class Hub(ThreadingHTTPServer):
    """As much of the hub's interface as pushing and pulling a small model takes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, dict[str, bytes]] = {}
        self.unknown: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.strip("/").split("/")
        if self.path == "/api/repos/create":
            name = f"{json.loads(body).get('organization') or 'me'}/{json.loads(body)['name']}"
            self.server.files.setdefault(name, {})
            self._answer({"url": f"{self.server.address}/{name}", "name": name, "id": name})
        elif self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif "preupload" in parts:
            asked = json.loads(body)["files"]
            self._answer(
                {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked
                    ]
                }
            )
        elif "commit" in parts:
            name = "/".join(parts[2:4])
            for line in body.decode().splitlines():
                told = json.loads(line)
                if told["key"] == "file":
                    self.server.files[name][told["value"]["path"]] = base64.b64decode(
                        told["value"]["content"]
                    )
            url = f"{self.server.address}/{name}/commit/{'0' * 40}"
            self._answer({"success": True, "commitOid": "0" * 40, "commitUrl": url, "hookOutput": ""})
        else:
            self._refuse()

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"] and "/".join(parts[2:4]) in self.server.files:
            name = "/".join(parts[2:4])
            files = self.server.files[name]
            if "tree" in parts:
                self._answer(
                    [
                        {
                            "type": "file",
                            "path": path,
                            "size": len(content),
                            "oid": hashlib.sha1(content).hexdigest(),
                        }
                        for path, content in files.items()
                    ]
                )
            else:
                siblings = [{"rfilename": path} for path in files]
                self._answer({"id": name, "modelId": name, "sha": "0" * 40, "siblings": siblings, "tags": []})
        elif len(parts) > 4 and parts[2] == "resolve" and "/".join(parts[:2]) in self.server.files:
            content = self.server.files["/".join(parts[:2])]["/".join(parts[4:])]
            tag = hashlib.sha1(content).hexdigest()
            self._answer(content, headers={"ETag": f'"{tag}"', "X-Repo-Commit": "0" * 40})
        else:
            self._refuse()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _refuse(self) -> None:
        self.server.unknown.append(f"{self.command} {self.path}")
        self._answer({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def fitted() -> Autoencoder:
    training = Training(epochs=2, batch_size=16)
    return Autoencoder(2, encoder=MLP((4,)), training=training, random_state=0).fit(X)


def test_what_is_pushed_is_pulled(fitted: Autoencoder, server: Hub, tmp_path: Path) -> None:
    address = hub.push(fitted, "me/small", report=fitted.report(X), token="t", endpoint=server.address)
    assert address == f"{server.address}/me/small"
    files = server.files["me/small"]
    assert sorted(files) == ["README.md", "model.json", "model.safetensors"]
    same = hub.pull("me/small", tmp_path / "kept", token="t", endpoint=server.address)
    assert np.array_equal(same.transform(X), fitted.transform(X))
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["model.json", "model.safetensors"]
    card = files["README.md"].decode()
    assert "| this model |" in card
    assert "| PCA |" in card
    assert 'hub.pull("me/small")' in card
    assert "Reconstruction of 60 rows" in card
    assert server.unknown == []


def test_a_run_folder_brings_its_figures(fitted: Autoencoder, server: Hub, tmp_path: Path) -> None:
    fitted.save(tmp_path / "run/model")
    (tmp_path / "run/metrics.json").write_text(json.dumps(fitted.report(X).to_dict()))
    hub.push(tmp_path / "run", "me/run", token="t", endpoint=server.address)
    assert "| this model |" in server.files["me/run"]["README.md"].decode()
    hub.push(tmp_path / "run/model", "me/model", token="t", endpoint=server.address)
    assert "| this model |" not in server.files["me/model"]["README.md"].decode()
    (tmp_path / "run/metrics.json").write_text("[]")
    with pytest.raises(FileError, match="holds no report"):
        hub.push(tmp_path / "run", "me/run", token="t", endpoint=server.address)


def test_damage_on_the_way_is_seen(fitted: Autoencoder, server: Hub, tmp_path: Path) -> None:
    hub.push(fitted, "me/small", token="t", endpoint=server.address)
    weights = bytearray(server.files["me/small"]["model.safetensors"])
    weights[-1] ^= 1
    server.files["me/small"]["model.safetensors"] = bytes(weights)
    with pytest.raises(DiaboloError, match="SHA-256"):
        hub.pull("me/small", tmp_path / "kept", token="t", endpoint=server.address)
    assert not (tmp_path / "kept").exists()
    del server.files["me/small"]["model.safetensors"]
    with pytest.raises(FileError, match="it is no model of diabolo"):
        hub.pull("me/small", token="t", endpoint=server.address)


def test_what_the_hub_refuses_is_one_sentence(fitted: Autoencoder, server: Hub, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"me/nothing could not be fetched: .*404"):
        hub.pull("me/nothing", token="t", endpoint=server.address)
    with pytest.raises(SettingError, match="a b could not be written to"):
        hub.push(fitted, "a b", token="t", endpoint=server.address)
    with pytest.raises(FileError, match="is there already"):
        hub.pull("me/small", tmp_path, endpoint=server.address)
    with pytest.raises(FileError, match="me/small could not be fetched"):
        hub.pull("me/small", endpoint="http://127.0.0.1:9")


def test_the_commands(
    fitted: Autoencoder,
    server: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", "t")
    # What HF_ENDPOINT sets, had it been there before huggingface_hub was loaded.
    template = f"{server.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)

    def diabolo(*words: str) -> tuple[int, str, str]:
        return main([*words]), *capsys.readouterr()

    fitted.save(tmp_path / "run/model")
    assert diabolo("push", "run", "me/small") == (0, f"{server.address}/me/small\n", "")
    assert diabolo("pull", "me/small", "--device", "cpu") == (0, "runs/small\n", "")
    assert diabolo("info", "runs/small")[0] == 0
    code, out, err = diabolo("pull", "me/other")
    assert (code, out) == (2, "")
    assert err.startswith("diabolo: me/other could not be fetched: ")
    assert err.count("\n") == 1
    assert diabolo("pull", "me/small")[0] == 2
