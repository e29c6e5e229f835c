//! What stands around the program: compose.yaml, workflows and releases. No container engine and no GitHub is at hand
//! where the tests run, so these are read: what they name exists, and the settings in them are valid.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    std::fs::read_to_string(project().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&text(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The targets of the Makefile.
fn targets() -> Vec<String> {
    let makefile = text("Makefile");
    let line = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

/// The errors of the settings that a container gets by its environment.
fn config_errors(environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenantgate"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTGATE_")) {
        command.env_remove(name);
    }
    let output = command.arg("check").envs(environment).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().filter(|line| line.starts_with("error[")).map(str::to_owned).collect()
}

#[test]
fn compose_closes_the_engine_and_its_gateway_would_start() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_object().unwrap();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["engine", "gateway", "issuer"]);
    for (name, service) in services {
        let build = &service["build"];
        if build.is_null() {
            assert!(service["image"].as_str().unwrap().contains("7.24.0"), "{name}");
            continue;
        }
        let dockerfile = build["dockerfile"].as_str().unwrap_or("Dockerfile");
        assert!(text(dockerfile).contains("cargo build --release --locked"), "{dockerfile}");
        for arg in build["args"].as_object().into_iter().flat_map(|args| args.keys()) {
            assert!(text(dockerfile).contains(&format!("ARG {arg}=")), "{dockerfile} lacks {arg}");
        }
    }
    // Only the gateway shares the engine's network, which has no way out; nothing publishes the engine's port.
    assert!(services["engine"]["ports"].is_null());
    assert_eq!(compose["networks"]["engine"]["internal"], true);
    let in_network =
        |name: &&String| services[*name]["networks"].as_array().unwrap().contains(&"engine".into());
    assert_eq!(services.keys().filter(in_network).collect::<Vec<_>>(), ["engine", "gateway"]);
    let environment = services["gateway"]["environment"].as_object().unwrap();
    let mut environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    assert_eq!(config_errors(&environment), Vec::<String>::new());
    let issuer = services["issuer"]["environment"]["ISSUER"].as_str().unwrap();
    assert!(environment["TENANTGATE_ISSUERS"].contains(issuer), "another issuer than {issuer}");
    // The check finds what would not start.
    environment.insert("TENANTGATE_ENGIN__URL".into(), "x".into());
    assert_eq!(config_errors(&environment).len(), 1);
}

#[test]
fn the_issuer_s_image_has_what_it_is_built_from() {
    let taken = text("tests/demo/issuer.Dockerfile.dockerignore");
    let taken: Vec<_> = taken.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for path in &taken {
        assert!(project().join(path).exists(), "{path}");
    }
    for needed in ["Cargo.lock", "src", "policies", "tests/support", "tests/demo/issuer.rs"] {
        assert!(taken.contains(&needed), "{needed}");
    }
}

#[test]
fn workflows_run_what_there_is() {
    let targets = targets();
    assert!(targets.len() > 15, "{targets:?}");
    let (mut made, mut steps) = (0, 0);
    for entry in std::fs::read_dir(project().join(".github/workflows")).unwrap() {
        let file = format!(".github/workflows/{}", entry.unwrap().file_name().to_string_lossy());
        let workflow = yaml(&file);
        // The token may read; what writes says so for its job.
        assert_eq!(workflow["permissions"]["contents"], "read", "{file}");
        for (job, is) in workflow["jobs"].as_object().unwrap() {
            assert!(is["timeout-minutes"].is_number(), "{file} {job} may run for hours");
            for step in is["steps"].as_array().unwrap() {
                steps += 1;
                let run = step["run"].as_str().unwrap_or_default();
                for target in run.lines().filter_map(|line| line.trim().strip_prefix("make ")) {
                    assert!(targets.iter().any(|t| t == target), "{file}: no target `{target}`");
                    made += 1;
                }
                if let Some(uses) = step["uses"].as_str() {
                    assert!(
                        uses.split_once('@').is_some_and(|(_, version)| version.starts_with('v')),
                        "{uses}"
                    );
                }
            }
        }
    }
    assert!(made >= 5 && steps > 15, "{made} targets, {steps} steps");
}

#[test]
fn the_version_is_the_same_everywhere_and_in_the_changelog() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = yaml("helm/Chart.yaml");
    assert_eq!(chart["appVersion"], version);
    assert!(text("CHANGELOG.md").contains(&format!("\n## {version} (")), "no section of {version}");
    for file in ["README.md", "SECURITY.md", "CONTRIBUTING.md", "UPGRADING.md", "LICENSE"] {
        assert!(!text(file).is_empty(), "{file}");
    }
}

#[test]
fn man_pages_and_completions_come_from_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tenantgate")).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["manual", folder.path().to_str().unwrap()]);
    for page in ["tenantgate.1", "tenantgate-serve.1", "tenantgate-check.1", "tenantgate-explain.1"] {
        let page = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(page.contains(".TH") && page.contains("tenantgate"), "{page}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).contains("explain"), "{shell}");
    }
    let schema: Value = serde_json::from_str(&run(&["schema"])).unwrap();
    assert!(schema["properties"]["engine"].is_object());
}
