//! Multipart bodies, byte by byte, so that tests can also write what no client library would.

/// A multipart/form-data body under construction.
pub struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty form.
    pub fn new() -> Self {
        Self { boundary: format!("----tenantgate{}", super::random()), body: Vec::new() }
    }

    /// A deployment's parts: name, tenant if any, and files as name and content.
    pub fn deployment(name: &str, tenant: Option<&str>, files: &[(&str, &[u8])]) -> Self {
        let mut form = Self::new().field("deployment-name", name);
        if let Some(tenant) = tenant {
            form = form.field("tenant-id", tenant);
        }
        files.iter().fold(form, |form, (name, content)| form.file(name, name, content))
    }

    /// Adds a text part.
    pub fn field(self, name: &str, value: &str) -> Self {
        self.part(&[&format!("Content-Disposition: form-data; name=\"{name}\"")], value.as_bytes())
    }

    /// Adds a file part.
    pub fn file(self, name: &str, file_name: &str, content: &[u8]) -> Self {
        let disposition =
            format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"");
        self.part(&[&disposition, "Content-Type: application/octet-stream"], content)
    }

    /// Adds a part with these header lines.
    pub fn part(mut self, headers: &[&str], content: &[u8]) -> Self {
        self.body.extend(format!("--{}\r\n{}\r\n\r\n", self.boundary, headers.join("\r\n")).as_bytes());
        self.body.extend(content);
        self.body.extend(b"\r\n");
        self
    }

    /// The `Content-Type` that goes with the body.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The body, closed.
    pub fn into_body(mut self) -> Vec<u8> {
        self.body.extend(format!("--{}--\r\n", self.boundary).as_bytes());
        self.body
    }
}
