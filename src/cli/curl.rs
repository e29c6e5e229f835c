//! A pasted `curl` line → the arguments of `explain` that mean the same request.
//!
//! In: the words behind `curl`, as the shell split them. Out: method, URL, headers and body, or why the line can't be
//! explained. Options that change nothing about the request are passed over. Its `Authorization` is dropped: whose
//! request it is, `explain` is told by `--client-id` or `--token`.

/// Why a `curl` line can't be explained.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CurlFault {
    #[error("the curl line names no URL")]
    NoUrl,
    #[error("the curl option `{0}` needs a value")]
    NoValue(String),
    #[error(
        "`explain` does not know the curl option `{0}`; leave it out, or describe the request by explain's own options"
    )]
    Unknown(String),
    #[error(
        "a form (`{0}`) can't be read from a curl line; save the body to a file and use --body and --header"
    )]
    Form(String),
}

/// Options without a value that change nothing about the request.
const FLAGS: &[&str] = &[
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-k",
    "--insecure",
    "-L",
    "--location",
    "-v",
    "--verbose",
    "-i",
    "--include",
    "-f",
    "--fail",
    "--fail-with-body",
    "-N",
    "--no-buffer",
    "--compressed",
    "-g",
    "--globoff",
    "--http1.1",
    "--http2",
    "-#",
    "--progress-bar",
    "-O",
    "--remote-name",
    "-4",
    "-6",
];
/// Options with a value that change nothing about the request.
const WITH_VALUE: &[&str] = &[
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-w",
    "--write-out",
    "-A",
    "--user-agent",
    "-x",
    "--proxy",
    "--cacert",
    "--cert",
    "--key",
    "--retry",
    "--resolve",
    "-u",
    "--user",
    "--oauth2-bearer",
    "-b",
    "--cookie",
    "-e",
    "--referer",
    "-c",
    "--cookie-jar",
    "-D",
    "--dump-header",
];

#[derive(Default)]
struct Line {
    method: Option<String>,
    url: Option<String>,
    headers: Vec<String>,
    data: Vec<String>,
    json: bool,
    in_query: bool,
}

/// The arguments of `explain`.
pub(super) fn arguments(words: &[String]) -> Result<Vec<String>, CurlFault> {
    let mut line = Line::default();
    let mut words = words.iter().flat_map(|word| split(word));
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| CurlFault::NoValue(word.clone()));
        match word.as_str() {
            "-X" | "--request" => line.method = Some(value()?),
            "-I" | "--head" => line.method = Some("HEAD".into()),
            "-G" | "--get" => line.in_query = true,
            "--url" => line.url = Some(value()?),
            "-H" | "--header" => line.headers.push(value()?),
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => line.data.push(value()?),
            "--json" => {
                line.json = true;
                line.data.push(value()?);
            }
            "-F" | "--form" | "--form-string" | "-T" | "--upload-file" => return Err(CurlFault::Form(word)),
            flag if FLAGS.contains(&flag) => {}
            option if WITH_VALUE.contains(&option) => drop(value()?),
            option if option.starts_with('-') && option.len() > 1 => {
                return Err(CurlFault::Unknown(option.to_owned()));
            }
            _ => line.url = Some(word),
        }
    }
    line.arguments()
}

/// `--data=x`, `-XPOST` and `-sSf` as curl reads them.
fn split(word: &str) -> Vec<String> {
    let short = word.strip_prefix('-').filter(|rest| !rest.starts_with('-') && rest.len() > 1);
    let Some(rest) = short else {
        return match word.split_once('=').filter(|(name, _)| name.starts_with("--")) {
            Some((name, value)) => vec![name.to_owned(), value.to_owned()],
            None => vec![word.to_owned()],
        };
    };
    let mut found = Vec::new();
    for (at, letter) in rest.char_indices() {
        let option = format!("-{letter}");
        if FLAGS.contains(&option.as_str()) || ["-I", "-G"].contains(&option.as_str()) {
            found.push(option);
            continue;
        }
        found.push(option);
        found.extend(rest.get(at + letter.len_utf8()..).filter(|value| !value.is_empty()).map(str::to_owned));
        break;
    }
    found
}

impl Line {
    fn arguments(mut self) -> Result<Vec<String>, CurlFault> {
        let mut url = self.url.take().ok_or(CurlFault::NoUrl)?;
        if self.in_query && !self.data.is_empty() {
            let join = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{join}{}", self.data.join("&"));
            self.data.clear();
        }
        let has = |headers: &[String], name: &str| {
            headers.iter().any(|h| h.split(':').next().is_some_and(|n| n.trim().eq_ignore_ascii_case(name)))
        };
        // What curl itself adds: a body is a form unless the line says otherwise, which the engine refuses.
        if !self.data.is_empty() && !has(&self.headers, "content-type") {
            let of = if self.json { "application/json" } else { "application/x-www-form-urlencoded" };
            self.headers.push(format!("Content-Type: {of}"));
        }
        let method = self.method.unwrap_or_else(|| if self.data.is_empty() { "GET" } else { "POST" }.into());
        let mut arguments = vec![method, url];
        let dropped = ["authorization", "content-length", "transfer-encoding"];
        for header in self.headers {
            if !dropped.iter().any(|name| has(std::slice::from_ref(&header), name)) {
                arguments.push(format!("--header={header}"));
            }
        }
        match self.data.as_slice() {
            [] => {}
            [file] if file.starts_with('@') => {
                arguments.push(format!("--body={}", file.trim_start_matches('@')))
            }
            data => arguments.push(format!("--data={}", data.join("&"))),
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Vec<String>, CurlFault> {
        arguments(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_curl_line_is_the_request_that_it_sends() {
        let url = "https://camunda.example.com/engine-rest/task";
        let rows: &[(&[&str], &[&str])] = &[
            (&[url], &["GET", url]),
            (&["-s", "-H", "Authorization: Bearer secret", url], &["GET", url]),
            (&["-sSf", "-XDELETE", url], &["DELETE", url]),
            (&["-I", url], &["HEAD", url]),
            (&["-G", url, "-d", "name=Pay", "--data", "owner=a"], &["GET", "URL?name=Pay&owner=a"]),
            (
                &["--request=PUT", url, "-H", "content-type: application/json", "-d", "{}"],
                &["PUT", url, "--header=content-type: application/json", "--data={}"],
            ),
            (&[url, "--json", "{}"], &["POST", url, "--header=Content-Type: application/json", "--data={}"]),
            // curl sends a form where nobody says JSON.
            (
                &[url, "-d", "{}"],
                &["POST", url, "--header=Content-Type: application/x-www-form-urlencoded", "--data={}"],
            ),
            (
                &[url, "-H", "Content-Type: application/json", "-d@query.json", "-o", "out"],
                &["POST", url, "--header=Content-Type: application/json", "--body=query.json"],
            ),
        ];
        for (line, expected) in rows {
            let expected: Vec<String> = expected.iter().map(|word| word.replace("URL", url)).collect();
            assert_eq!(read(line), Ok(expected), "{line:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_and_never_left_out() {
        assert_eq!(read(&["-s"]), Err(CurlFault::NoUrl));
        assert_eq!(read(&["http://a/", "-H"]), Err(CurlFault::NoValue("-H".into())));
        assert_eq!(
            read(&["http://a/", "--data-urlencode", "a=b"]),
            Err(CurlFault::Unknown("--data-urlencode".into()))
        );
        assert_eq!(read(&["http://a/", "-F", "a=b"]), Err(CurlFault::Form("-F".into())));
    }
}
