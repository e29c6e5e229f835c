//! `check` and `explain` as an application's developer runs them: without a configuration, an engine or an issuer.

use std::process::Command;

const MODEL: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
<process id="p" isExecutable="true"><startEvent id="s"/></process></definitions>"#;

/// Exit code, standard output and standard error.
fn run(folder: &tempfile::TempDir, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenantgate"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTGATE_")) {
        command.env_remove(name);
    }
    let output = command.args(words).current_dir(folder.path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn models_are_checked_and_requests_explained_without_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.bpmn"), MODEL).unwrap();
    let bad = MODEL.replace("<startEvent id=\"s\"/>", "<scriptTask id=\"s\"><script>1</script></scriptTask>");
    std::fs::write(folder.path().join("bad.bpmn"), bad).unwrap();
    let (code, told, _) = run(&folder, &["check", "--model", "good.bpmn"]);
    assert_eq!(
        (code, told.as_str()),
        (Some(0), "checked 1 model against the default settings: 0 errors, 0 warnings\n")
    );
    let (code, told, _) = run(&folder, &["check", "--model", "good.bpmn", "bad.bpmn"]);
    assert!(code == Some(3) && told.contains("bad.bpmn:2:") && !told.contains("engine.url"), "{told}");
    // The twin: what is said of a gateway is checked.
    let (code, told, _) = run(&folder, &["check", "--model", "good.bpmn", "--listen", "127.0.0.1:0"]);
    assert!(code == Some(3) && told.contains("missing-engine-url"), "{told}");
    assert_eq!(run(&folder, &["check"]).0, Some(3));

    let (code, told, errors) =
        run(&folder, &["explain", "GET", "/engine-rest/task", "--client-id", "orders"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(told.contains("GET /engine-rest/task?tenantIdIn=orders"), "{told}");
}

#[test]
fn explain_takes_a_pasted_url_and_a_pasted_curl_line() {
    let folder = tempfile::tempdir().unwrap();
    let url = "https://camunda.example.com/engine-rest/task?name=Pay";
    let (code, by_path, _) = run(&folder, &["explain", "GET", "/engine-rest/task?name=Pay"]);
    assert_eq!(code, Some(0), "{by_path}");
    for words in [
        &["explain", "GET", url][..],
        &["explain", url],
        &["explain", "curl", "-s", "-H", "Authorization: Bearer x", url],
    ] {
        assert_eq!(run(&folder, words), (Some(0), by_path.clone(), String::new()), "{words:?}");
    }
    let json = ["-H", "Content-Type: application/json", "-d", "{\"name\":\"Pay\"}", url];
    let (code, told, _) = run(&folder, &[&["explain", "--client-id", "orders", "curl"], &json[..]].concat());
    assert!(code == Some(0) && told.contains("caller      orders\noperation   POST /task\n"), "{told}");
    // As curl sends it: without the header it is a form, which is refused.
    let (code, told, _) = run(&folder, &[&["explain", "curl"], &json[2..]].concat());
    assert!(code == Some(3) && told.contains("TG415-CONTENT-TYPE"), "{told}");
    let (code, _, errors) = run(&folder, &["explain", "curl", "--data-urlencode", "a=b", url]);
    assert!(code == Some(2) && errors.contains("`--data-urlencode`"), "{errors}");
}

#[test]
fn a_missing_token_file_is_a_failure_and_no_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let five =
        ["--engine-url", "http://c:1/engine-rest", "--issuer", "https://i.example/", "--audience", "a"];
    let explain = ["explain", "GET", "/engine-rest/task", "--token", "token.jwt"];
    let (code, told, errors) = run(&folder, &[&explain[..], &five].concat());
    assert_eq!((code, told.as_str()), (Some(1), ""));
    assert!(errors.contains("the token file `token.jwt` can't be read"), "{errors}");
    // The twins: a file that holds no token is refused, and no issuer is guessed.
    std::fs::write(folder.path().join("token.jwt"), "x").unwrap();
    let (code, told, _) = run(&folder, &[&explain[..], &five].concat());
    assert!(code == Some(3) && told.contains("TG401-MALFORMED"), "{told}");
    let (code, _, errors) = run(&folder, &explain);
    assert!(code == Some(3) && errors.contains("empty-issuers"), "{errors}");
}
