//! Multipart bodies as clients write them: deployments, attachments, data of variables.

use crate::support::world::order;

/// One form on twins.
pub struct FormCase {
    /// Method and template.
    pub operation: &'static str,
    /// What is special.
    pub what: String,
    /// The path.
    pub path: String,
    /// The content type.
    pub content_type: String,
    boundary: String,
    parts: Vec<(String, Vec<u8>)>,
    closing: &'static str,
    before: &'static str,
}

impl FormCase {
    /// The body; the engine's has the tenant in it.
    pub fn body(&self, tenant: &str, engine: bool) -> Vec<u8> {
        let mut body = self.before.as_bytes().to_vec();
        let mut parts = self.parts.clone();
        if engine && self.operation == "POST /deployment/create" {
            parts.push((
                "Content-Disposition: form-data; name=\"tenant-id\"".into(),
                tenant.as_bytes().to_vec(),
            ));
        }
        for (head, content) in parts {
            let head = head.replace("{T}", tenant);
            body.extend(format!("--{}\r\n{head}\r\n\r\n", self.boundary).as_bytes());
            body.extend(content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{}--{}", self.boundary, self.closing).as_bytes());
        body
    }
}

fn case(
    operation: &'static str,
    path: &str,
    what: &str,
    boundary: &str,
    parts: &[(&str, &[u8])],
) -> FormCase {
    FormCase {
        operation,
        what: what.to_owned(),
        path: path.to_owned(),
        content_type: format!("multipart/form-data; boundary={boundary}"),
        boundary: boundary.to_owned(),
        parts: parts.iter().map(|(head, content)| ((*head).to_owned(), content.to_vec())).collect(),
        closing: "\r\n",
        before: "",
    }
}

/// All forms.
pub fn cases() -> Vec<FormCase> {
    let mut all = deployments();
    all.extend(attachments());
    all.extend(variables());
    all
}

const NAME: (&str, &[u8]) = ("Content-Disposition: form-data; name=\"deployment-name\"", b"parity");

fn deployments() -> Vec<FormCase> {
    let model = order("PLAIN");
    let model = model.as_slice();
    let of = |what: &str, boundary: &str, parts: &[(&str, &[u8])]| {
        case("POST /deployment/create", "/deployment/create", what, boundary, parts)
    };
    let octets = "Content-Type: application/octet-stream";
    let file = |disposition: &str| format!("Content-Disposition: form-data; {disposition}\r\n{octets}");
    let mut all = vec![
        of(
            "curl",
            "------------------------d74496d66958873e",
            &[NAME, (&file("name=\"data\"; filename=\"order.bpmn\""), model)],
        ),
        of(
            "browser",
            "----WebKitFormBoundary7MA4YWxkTrZu0gW",
            &[NAME, (&file("name=\"upload\"; filename=\"größe 1.bpmn\""), model)],
        ),
        of(
            "requests",
            "5c1d2f0a9be64c0fb5a1b0bd1d0b1a57",
            &[NAME, ("Content-Disposition: form-data; name=\"order.bpmn\"; filename=\"order.bpmn\"", model)],
        ),
        of(
            "old urllib3, filename*",
            "5c1d2f0a9be64c0fb5a1b0bd1d0b1a58",
            &[
                NAME,
                (
                    "Content-Disposition: form-data; name=\"data\"; filename*=utf-8''gr%C3%B6%C3%9Fe.bpmn",
                    model,
                ),
            ],
        ),
        of(
            "Apache HttpClient",
            "ssUgnwFGIAl40lCAO9BNs4LxOGCmWRbxB2H",
            &[
                (
                    "Content-Disposition: form-data; name=\"deployment-name\"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit",
                    b"parity",
                ),
                (
                    "Content-Disposition: form-data; name=\"data\"; filename=\"order.bpmn\"\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary",
                    model,
                ),
            ],
        ),
        of(
            ".NET",
            "\"4b9e36f0-0f5c-4b5c-9f0a-0f5c4b5c9f0a\"",
            &[
                (
                    "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=deployment-name",
                    b"parity",
                ),
                (
                    "Content-Disposition: form-data; name=data; filename=order.bpmn; filename*=utf-8''order.bpmn",
                    model,
                ),
            ],
        ),
        of(
            "OkHttp",
            "2f8a3b5e-6a64-4a0c-a0a5-9e8a6e1ad0de",
            &[
                ("Content-Disposition: form-data; name=\"deployment-name\"\r\nContent-Length: 6", b"parity"),
                (
                    "Content-Disposition: form-data; name=\"data\"; filename=\"order.bpmn\"\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 1",
                    model,
                ),
            ],
        ),
        of(
            "Camunda Modeler",
            "----formdata-undici-052638372831",
            &[
                NAME,
                ("Content-Disposition: form-data; name=\"deployment-source\"", b"Camunda Modeler"),
                ("Content-Disposition: form-data; name=\"deploy-changed-only\"", b"true"),
                (&file("name=\"order.bpmn\"; filename=\"order.bpmn\""), model),
            ],
        ),
        of(
            "Java client by hand",
            "Boundary-1",
            &[NAME, (&file("name=\"data\";filename=\"order.bpmn\""), model)],
        ),
        of(
            "many files, some empty",
            "x",
            &[
                NAME,
                (&file("name=\"a\"; filename=\"order.bpmn\""), model),
                (&file("name=\"b\"; filename=\"empty.txt\""), b""),
                (&file("name=\"c\"; filename=\"folder/script.js\""), b"x\r\n--y\r\n"),
                (&file("name=\"d\"; filename=\"a'b (c) [d],e;f.html\""), b"<p>\xff\x00"),
            ],
        ),
        of("no file", "x", &[NAME]),
        of("no name", "x", &[(&file("name=\"a\"; filename=\"a.txt\""), b"a")]),
        of("only a tenant", "x", &[]),
        of("a file without a name", "x", &[NAME, ("Content-Disposition: form-data; name=\"a\"", b"text")]),
        of("a file with an empty name", "x", &[NAME, (&file("name=\"a\"; filename=\"\""), b"text")]),
        of(
            "source and activation",
            "x",
            &[
                NAME,
                ("Content-Disposition: form-data; name=\"deployment-source\"", "Größe".as_bytes()),
                (
                    "Content-Disposition: form-data; name=\"deployment-activation-time\"",
                    b"2035-01-01T00:00:00.000+0000",
                ),
                (&file("name=\"a\"; filename=\"order.bpmn\""), model),
            ],
        ),
        of(
            "activation that is no time",
            "x",
            &[
                NAME,
                ("Content-Disposition: form-data; name=\"deployment-activation-time\"", b"soon"),
                (&file("name=\"a\"; filename=\"a.txt\""), b"a"),
            ],
        ),
        of(
            "filtered, twice",
            "x",
            &[
                NAME,
                ("Content-Disposition: form-data; name=\"enable-duplicate-filtering\"", b"true"),
                (&file("name=\"a\"; filename=\"order.bpmn\""), model),
            ],
        ),
        of(
            "filtered, twice",
            "x",
            &[
                NAME,
                ("Content-Disposition: form-data; name=\"enable-duplicate-filtering\"", b"true"),
                (&file("name=\"a\"; filename=\"order.bpmn\""), model),
            ],
        ),
        of(
            "a model that is none",
            "x",
            &[NAME, (&file("name=\"a\"; filename=\"bad.bpmn\""), b"<definitions/>")],
        ),
        of("no XML at all", "x", &[NAME, (&file("name=\"a\"; filename=\"bad.bpmn\""), b"hello")]),
        of(
            "a form file",
            "x",
            &[
                NAME,
                (
                    &file("name=\"a\"; filename=\"ask.form\""),
                    b"{\"id\":\"ask\",\"type\":\"default\",\"components\":[]}",
                ),
            ],
        ),
        of(
            "upper case head",
            "x",
            &[
                NAME,
                (
                    "CONTENT-DISPOSITION: FORM-DATA; NAME=\"a\"; FILENAME=\"a.txt\"\r\nCONTENT-TYPE: TEXT/PLAIN",
                    b"a",
                ),
            ],
        ),
    ];
    let mut bare = of(
        "no line end at the end, a line before",
        "x",
        &[NAME, (&file("name=\"a\"; filename=\"a.txt\""), b"a")],
    );
    (bare.closing, bare.before) = ("", "\r\n");
    all.push(bare);
    for case in &mut all {
        // .NET quotes the boundary in the header.
        case.boundary = case.boundary.trim_matches('"').to_owned();
    }
    all
}

fn attachments() -> Vec<FormCase> {
    let of = |what: &str, parts: &[(&str, &[u8])]| {
        case("POST /task/{id}/attachment/create", "/task/{review}/attachment/create", what, "x", parts)
    };
    let name = ("Content-Disposition: form-data; name=\"attachment-name\"", "Größe".as_bytes());
    let about = ("Content-Disposition: form-data; name=\"attachment-description\"", &b"about"[..]);
    let kind = ("Content-Disposition: form-data; name=\"attachment-type\"", &b"text"[..]);
    vec![
        of(
            "file",
            &[
                name,
                about,
                kind,
                (
                    "Content-Disposition: form-data; name=\"content\"; filename=\"a.txt\"\r\nContent-Type: text/plain",
                    b"a\r\n\x00\xff",
                ),
            ],
        ),
        of(
            "empty file",
            &[name, ("Content-Disposition: form-data; name=\"content\"; filename=\"a.txt\"", b"")],
        ),
        of("address", &[name, ("Content-Disposition: form-data; name=\"url\"", b"https://example.org/x")]),
        of("nothing", &[name]),
    ]
}

fn variables() -> Vec<FormCase> {
    let scopes = [
        ("POST /task/{id}/variables/{varId}/data", "/task/{review}/variables"),
        ("POST /task/{id}/localVariables/{varId}/data", "/task/{review}/localVariables"),
        ("POST /execution/{id}/localVariables/{varId}/data", "/execution/{order}/localVariables"),
        ("POST /process-instance/{id}/variables/{varId}/data", "/process-instance/{order}/variables"),
        ("POST /case-instance/{id}/variables/{varId}/data", "/case-instance/{newCase}/variables"),
        ("POST /case-execution/{id}/variables/{varId}/data", "/case-execution/{look}/variables"),
        ("POST /case-execution/{id}/localVariables/{varId}/data", "/case-execution/{look}/localVariables"),
    ];
    let mut all = Vec::new();
    for (operation, scope) in scopes {
        let of = |what: &str, parts: &[(&str, &[u8])]| {
            case(operation, &format!("{scope}/v/data"), what, "x", parts)
        };
        let bytes = (
            "Content-Disposition: form-data; name=\"data\"; filename=\"unspecified\"\r\nContent-Type: application/octet-stream",
            &b"\x00\x01\xff"[..],
        );
        all.extend([
            of("bytes", &[bytes, ("Content-Disposition: form-data; name=\"valueType\"\r\nContent-Type: text/plain", b"Bytes")]),
            of("file", &[("Content-Disposition: form-data; name=\"data\"; filename=\"größe.txt\"\r\nContent-Type: text/plain; charset=UTF-8", "Größe".as_bytes()), ("Content-Disposition: form-data; name=\"valueType\"", b"File")]),
            of("no type", &[bytes]),
            of("another type", &[bytes, ("Content-Disposition: form-data; name=\"valueType\"", b"Long")]),
            of("nothing", &[("Content-Disposition: form-data; name=\"valueType\"", b"File")]),
            of("empty file", &[("Content-Disposition: form-data; name=\"data\"; filename=\"e.txt\"", b""), ("Content-Disposition: form-data; name=\"valueType\"", b"File")]),
        ]);
    }
    all
}
