"""The configurations of the documents against the JSON schema, the chart's values against theirs, and Terraform's files.

Usage: check.py TENANTGATE FOLDER (recipes of the documents are written to the folder)
"""

import json
import pathlib
import re
import subprocess
import sys

import hcl2
import jsonschema
import yaml

program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
LINE = "# yaml-language-server: $schema=tenantgate.schema.json\n"
pages = [p for at in [".", "docs", "helm", "deploy/terraform"] for p in sorted(pathlib.Path(at).glob("*.md"))]


def fences():
    for page in pages:
        for info, text in re.findall(r"^```(\S[^\n]*)\n(.*?)^```", page.read_text(), re.S | re.M):
            yield page, info.split(), text


schema = json.loads(subprocess.run([program, "schema"], check=True, capture_output=True).stdout)
assert schema == json.loads(pathlib.Path("docs/configuration.schema.json").read_text()), "the schema is old"
validator = jsonschema.Draft202012Validator(schema)
validator.check_schema(schema)
seen = 0
for page, info, text in fences():
    if info[0] == "yaml" and text.startswith(LINE):
        errors = [error.message for error in validator.iter_errors(yaml.safe_load(text))]
        assert not errors, f"{page}: {errors}\n{text}"
        seen += 1
assert seen > 15, f"only {seen} configurations"
assert list(validator.iter_errors({"issuers": [{"audience": "x"}]})), "the schema takes anything"
print(f"schema: {seen} configurations are valid")

values = jsonschema.Draft7Validator(json.loads(pathlib.Path("helm/values.schema.json").read_text()))
chart = 0
for path in pathlib.Path("helm/ci").glob("*.yaml"):
    errors = [error.message for error in values.iter_errors(yaml.safe_load(path.read_text()))]
    assert not errors, f"{path}: {errors}"
    chart += 1
assert chart > 1
print(f"schema: {chart} files of chart values are valid")

resources, variables = {}, set()
for path in sorted(pathlib.Path("deploy/terraform").glob("*.tf")):
    with path.open() as file:
        parsed = hcl2.load(file)
    plain = lambda name: name.strip('"')
    for block in parsed.get("resource", []):
        for kind, named in block.items():
            resources.setdefault(plain(kind), []).extend(plain(name) for name in named)
    variables |= {plain(name) for block in parsed.get("variable", []) for name in block}
text = "".join(path.read_text() for path in pathlib.Path("deploy/terraform").glob("*.tf"))
needed = {"auth0_resource_server", "auth0_client", "auth0_client_grant", "auth0_action", "auth0_trigger_actions"}
assert needed <= resources.keys(), f"missing: {needed - resources.keys()}"
used = set(re.findall(r"\bvar\.(\w+)", text))
assert used == variables, f"variables {variables}, used {used}"
for kind, name in re.findall(r"\b(auth0_\w+)\.(\w+)", text):
    assert name in resources.get(kind, []), f"no resource {kind}.{name}"
action = pathlib.Path("deploy/terraform/tenants.js").read_text().split("\n", 1)[1]
assert action in pathlib.Path("docs/grants.md").read_text(), "the Action differs from docs/grants.md"
try:
    hcl2.loads('resource "a" "b" {')
except Exception:
    pass
else:
    raise SystemExit("hcl2 reads anything")
print(f"terraform: {sum(map(len, resources.values()))} resources are read")

recipes = 0
for page, info, text in fences():
    name = next((word[5:] for word in info if word.startswith("file=")), None)
    if info[0] in ("js", "java", "python"):
        assert name or page.name == "grants.md", f"{page}: a recipe without a file"
        (folder / (name or "action.mjs")).write_text(text)
        recipes += 1
assert recipes >= 8, f"only {recipes} recipes"
