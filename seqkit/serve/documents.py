"""The documentation of the API as one plain page, made of its OpenAPI document."""

import html
import json
from collections.abc import Mapping
from typing import Any

EXAMPLES: dict[str, Mapping[str, Any] | None] = {
    "/predict": {"texts": ["할머니께서 부엌에서 김치를 만드셨습니다."]},
    "/generate": {"texts": ["나는 어제"], "top": 5},
    "/similar": {"question": "서울 - 한국 + 일본", "top": 5},
}


def document(schema: Mapping[str, Any]) -> str:
    """Return the page, which fetches nothing but the style of this server."""
    parts = [
        _operation(path, method, operation, schema)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return PAGE.format(
        title=html.escape(f"{schema['info']['title']} {schema['info']['version']}"),
        about=html.escape(schema["info"]["description"]),
        parts="\n".join(parts),
    )


def _operation(
    path: str, method: str, operation: Mapping[str, Any], schema: Mapping[str, Any]
) -> str:
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    rows = [_field(p["name"], p["schema"], p.get("required", False), schema)
            for p in operation.get("parameters", ())]  # fmt: skip
    body = operation.get("requestBody")
    if body:
        rows += _fields(body["content"]["application/json"]["schema"], schema)
    problems = ", ".join(code for code in operation["responses"] if code != "200")
    return (
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2>"
        f"<p>{html.escape(operation['summary'])}.</p>{_table(rows)}"
        f"<pre>{html.escape(_example(path, method))}</pre>"
        f"<h3>answer</h3>{_table(_fields(answer, schema))}<p>problems: {problems}</p></section>"
    )


def _example(path: str, method: str) -> str:
    address = f"http://127.0.0.1:8000{path}"
    given = EXAMPLES.get(path)
    if method == "get" or given is None:
        return f"curl {address}"
    body = json.dumps(given, ensure_ascii=False)
    return f"curl {address} -H 'Content-Type: application/json' -d '{body}'"


def _fields(reference: Mapping[str, Any], schema: Mapping[str, Any]) -> list[list[str]]:
    found = _resolved(reference, schema)
    required = found.get("required", ())
    return [
        _field(name, part, name in required, schema)
        for name, part in found.get("properties", {}).items()
    ]


def _resolved(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found: Mapping[str, Any] = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return found


def _field(
    name: str, part: Mapping[str, Any], required: bool, schema: Mapping[str, Any]
) -> list[str]:
    default = "" if required or part.get("default") is None else json.dumps(part["default"])
    need = "needed" if required else f"[{default}]" if default else ""
    return [name, _kind(part, schema), need, part.get("description", "")]


def _kind(part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in part:
        inner = _resolved(part, schema).get("properties", {})
        return "{" + ", ".join(inner) + "}"
    if "anyOf" in part:
        kinds = [_kind(one, schema) for one in part["anyOf"] if one.get("type") != "null"]
        return " | ".join(dict.fromkeys(kinds))
    if part.get("type") == "array":
        if "prefixItems" in part:
            return "[" + ", ".join(_kind(one, schema) for one in part["prefixItems"]) + "]"
        return f"list of {_kind(part['items'], schema)}"
    low = part.get("minimum", part.get("exclusiveMinimum"))
    high = part.get("maximum", part.get("exclusiveMaximum"))
    within = f" {low:g} to {high:g}" if low is not None and high is not None else ""
    return f"{part.get('type', 'object')}{within}"


def _table(rows: list[list[str]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<div class=wide><table>{cells}</table></div>"


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="page/style.css">
</head>
<body class="documents">
<header><h1>{title}</h1><a href="./">the page</a> <a href="openapi.json">openapi.json</a></header>
<main><p>{about}</p>
{parts}
</main>
</body>
</html>
"""
