//! Flag, then environment, then file, then default; and what the environment may say.

use std::io::Write as _;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::cli::SettingsArgs;
use crate::config::load::Gathered;
use crate::config::shape::{self, Shape, Takes, join};
use crate::config::{Code, Place, Settings, gather};

/// The variable of the key at `path`, as `engine.url`.
pub(super) fn variable(path: &str) -> String {
    format!("TENANTGATE_{}", path.replace('.', "__").to_ascii_uppercase())
}

const FILE: &str = "listen: 127.0.0.1:1111
admin_listen: 127.0.0.1:2222
public_url: http://file:1
engine: {url: 'http://file/engine-rest', timeout: 7s}
issuers:
  - {issuer: 'https://one.example.com/', audiences: [one]}
  - {issuer: 'https://two.example.com', audiences: [two], leeway: 0s, algorithms: [ES256, ES256]}
";

fn with(args: SettingsArgs, env: &[(&str, &str)]) -> Gathered {
    gather(&args.into(), env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
}

/// Gathers with `FILE`, named by a flag.
fn over_file(args: SettingsArgs, env: &[(&str, &str)]) -> Gathered {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(FILE.as_bytes()).unwrap();
    with(SettingsArgs { config: Some(file.path().to_owned()), ..args }, env)
}

fn five_flags() -> SettingsArgs {
    SettingsArgs {
        listen: Some("127.0.0.1:0".into()),
        admin_listen: Some("127.0.0.1:0".into()),
        engine_url: Some("http://camunda:8080/engine-rest/".into()),
        issuer: Some("https://issuer.example.com".into()),
        audience: vec!["a".into(), "b".into()],
        ..SettingsArgs::default()
    }
}

fn settings(gathered: Gathered) -> Settings {
    let findings = gathered.findings;
    gathered.settings.unwrap_or_else(|| panic!("{findings:#?}"))
}

fn codes(gathered: &Gathered) -> Vec<&'static str> {
    gathered.findings.iter().map(|f| f.code).collect()
}

#[test]
fn five_flags_are_complete_and_safe() {
    let gathered = with(five_flags(), &[]);
    assert_eq!(codes(&gathered), ["no-batch-keys"]);
    let s = settings(gathered);
    assert_eq!(s.engine.origins, ["http://camunda:8080"]);
    assert_eq!(s.engine.base_path, "/engine-rest");
    let issuer = &s.issuers[0];
    assert_eq!(issuer.jwks_url, "https://issuer.example.com/.well-known/jwks.json");
    assert_eq!(issuer.audiences, ["a", "b"]);
    assert_eq!(issuer.algorithms, [Algorithm::RS256]);
    assert_eq!(issuer.leeway, Duration::from_secs(30));
    assert_eq!(issuer.client_id_claims, ["azp", "client_id"]);
    assert!(issuer.application_tokens_only && !issuer.audience_optional && !issuer.allow_http);
    assert_eq!(s.deployments.code, Code::Deny);
    assert_eq!(s.deployments.max_model_bytes, Some(8 * 1024 * 1024));
    assert_eq!(s.identity_headers.user, "x-camunda-user");
    assert!(s.cors.allowed_origins.is_empty());
    assert!(s.values.object_types.refused_in("org.h2.jdbcx.JdbcDataSource").is_some());
}

#[test]
fn a_flag_goes_before_a_variable_before_the_file_before_the_default() {
    let env = [("TENANTGATE_LISTEN", "127.0.0.1:3333"), ("TENANTGATE_ENGINE__URL", "http://env/engine-rest")];
    let flags = SettingsArgs { listen: Some("127.0.0.1:4444".into()), ..SettingsArgs::default() };
    let s = settings(over_file(flags, &env));
    assert_eq!(s.listen.port(), 4444);
    assert_eq!(s.engine.origins, ["http://env"]);
    assert_eq!(s.admin_listen.port(), 2222);
    assert_eq!(s.engine.timeout, Duration::from_secs(7));
    assert_eq!(s.engine.connect_timeout, Duration::from_secs(5));
    assert_eq!(s.issuers.len(), 2);
    assert_eq!(s.issuers[1].jwks_url, "https://two.example.com/.well-known/jwks.json");
    assert_eq!(s.issuers[1].algorithms, [Algorithm::ES256]);
    let s = settings(over_file(SettingsArgs::default(), &env));
    assert_eq!(s.listen.port(), 3333);
    let s = settings(over_file(SettingsArgs::default(), &[]));
    assert_eq!(s.listen.port(), 1111);
}

#[test]
fn a_single_issuer_replaces_the_list_and_says_so() {
    let env = [("TENANTGATE_ISSUER", "https://env.example.com/"), ("TENANTGATE_AUDIENCE", "x, y")];
    let gathered = over_file(SettingsArgs::default(), &env);
    assert_eq!(codes(&gathered), ["issuers-replaced", "no-batch-keys"]);
    let s = settings(gathered);
    assert_eq!(s.issuers.len(), 1);
    assert_eq!(s.issuers[0].audiences, ["x", "y"]);
    // A flag goes before the variable, key by key.
    let flags = SettingsArgs { audience: vec!["z".into()], ..SettingsArgs::default() };
    let s = settings(over_file(flags, &env));
    assert_eq!(
        (s.issuers[0].issuer.as_str(), &s.issuers[0].audiences[..]),
        ("https://env.example.com/", &["z".to_owned()][..])
    );
    // An audience alone does not fall back to the file's issuer.
    let flags = SettingsArgs { audience: vec!["z".into()], ..SettingsArgs::default() };
    assert!(codes(&over_file(flags, &[])).contains(&"missing-issuer"));
}

#[test]
fn variables_hold_lists_by_comma_or_yaml_and_null_by_nothing() {
    let env = [
        ("TENANTGATE_TENANCY__RESERVED_CLIENT_IDS", "a, b,"),
        ("TENANTGATE_CORS__ALLOWED_ORIGINS", "['https://App.example.com:443']"),
        ("TENANTGATE_PUBLIC_URL", ""),
        ("TENANTGATE_LIMITS__WORKERS", "3"),
        ("TENANTGATE_ENGINE", "{name: first, timeout: 9s}"),
        ("TENANTGATE_ENGINE__NAME", "007"),
        ("TENANTGATE_KEYS__COOLDOWN", "45s"),
        ("TENANTGATE_TENANCY__BATCH_KEY_FILES", "tests/data/config/files/batch.key"),
        ("TENANTGATE_ENGINE__BASIC_AUTH__USERNAME", "gateway"),
        ("TENANTGATE_ENGINE__BASIC_AUTH__PASSWORD_FILE", "tests/data/config/files/password"),
        ("OTHER_THING", "1"),
    ];
    let s = settings(over_file(SettingsArgs::default(), &env));
    assert_eq!(s.tenancy.reserved_client_ids, ["a", "b"]);
    assert_eq!(s.cors.allowed_origins, ["https://app.example.com"]);
    assert_eq!(s.public_url, None);
    assert_eq!(s.limits.workers, Some(3));
    assert_eq!((s.engine.name.as_str(), s.engine.timeout), ("007", Duration::from_secs(9)));
    assert_eq!(s.keys.cooldown, Duration::from_secs(45));
    assert_eq!(s.tenancy.batch_keys[0].expose_secret(), b"for tests only: 0123456789abcdef0123456789abcdef");
    let auth = s.engine.basic_auth.as_ref().unwrap();
    assert_eq!(auth.password.expose_secret(), "for-tests-only");
    assert!(!format!("{s:?}").contains("for-tests-only") && !format!("{s:?}").contains("102, 111, 114"));
}

#[test]
fn a_variable_that_no_key_reads_is_a_finding_and_a_service_link_is_not() {
    let cases = [
        ("TENANTGATE_LISEN", "x", true),
        ("TENANTGATE_ENGINE_URL", "http://c/", true),
        ("TENANTGATE_ENGINE__URl", "http://c/", true),
        ("TENANTGATE_PORT", "8080", true),
        ("TENANTGATE_ISSUERS__0__LEEWAY", "5s", true),
        ("TENANTGATE_PORT", "tcp://10.0.0.1:8080", false),
        ("TENANTGATE_SERVICE_HOST", "10.0.0.1", false),
        ("TENANTGATE_ADMIN_SERVICE_PORT_HTTP", "9090", false),
        ("TENANTGATE_PORT_8080_TCP_ADDR", "10.0.0.1", false),
        ("TENANTGATE_LOG__FILTER", "debug", false),
    ];
    for (name, value, finds) in cases {
        let gathered = with(five_flags(), &[(name, value)]);
        assert_eq!(codes(&gathered).contains(&"unknown-variable"), finds, "{name}={value}");
        assert_eq!(gathered.settings.is_none(), finds, "{name}={value}");
    }
}

#[test]
fn relative_paths_of_the_file_count_from_its_folder_and_others_from_the_working_directory() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let key = "for tests only: 0123456789abcdef0123456789abcdef";
    file("batch.key", key);
    file("tenantgate.yaml", &format!("{FILE}tenancy: {{batch_key_files: [batch.key]}}\n"));
    let config = Some(folder.path().join("tenantgate.yaml"));
    let run =
        |env: &[(&str, &str)]| with(SettingsArgs { config: config.clone(), ..SettingsArgs::default() }, env);
    let s = settings(run(&[]));
    assert_eq!(s.tenancy.batch_keys[0].expose_secret(), key.as_bytes());
    // The same path in a variable counts from the working directory, where there is no such file.
    let variable = ("TENANTGATE_TENANCY__BATCH_KEY_FILES", "batch.key");
    let gathered = run(&[variable]);
    assert_eq!(codes(&gathered)[0], "unreadable-file");
    assert!(gathered.findings[0].message.contains("`batch.key`"), "{}", gathered.findings[0]);
    // The message shows the path that was tried.
    file("tenantgate.yaml", &format!("{FILE}policies: {{directory: rules}}\n"));
    let shown = folder.path().join("rules").display().to_string();
    let gathered = run(&[]);
    let finding = gathered.findings.iter().find(|f| f.code == "not-a-directory").unwrap();
    assert!(finding.message.contains(&shown), "{finding}");
}

#[test]
fn a_file_that_cannot_be_read_is_one_finding() {
    let gathered = with(SettingsArgs { config: Some("/absent.yaml".into()), ..SettingsArgs::default() }, &[]);
    assert_eq!(codes(&gathered), ["unreadable-config"]);
    let gathered = with(SettingsArgs::default(), &[("TENANTGATE_CONFIG", "/absent.yaml")]);
    assert_eq!(codes(&gathered), ["unreadable-config"]);
}

#[test]
fn faults_in_variables_and_flags_name_their_place() {
    let flags = SettingsArgs { listen: Some("x".into()), ..five_flags() };
    let gathered = with(flags, &[("TENANTGATE_KEYS__TIMEOUT", "5"), ("TENANTGATE_LIMITS", "{")]);
    let places: Vec<_> = gathered.findings.iter().map(|f| (f.code, f.place.clone())).collect();
    assert!(places.contains(&("invalid-address", Place::Flag("--listen"))), "{places:?}");
    assert!(
        places.contains(&("wrong-type", Place::Variable("TENANTGATE_KEYS__TIMEOUT".into()))),
        "{places:?}"
    );
    assert!(places.contains(&("syntax", Place::Variable("TENANTGATE_LIMITS".into()))), "{places:?}");
}

/// Every key's variable, holding the key's own default, is read: none is unknown or of the wrong type.
#[test]
fn every_key_has_a_variable() {
    fn walk(path: &str, shape: Shape<'_>, default: &Value, seen: &mut usize) {
        for (key, schema) in shape.keys().into_iter().flatten() {
            let (path, of) = (join(path, key), Shape(schema));
            let default = default.get(key).unwrap_or(&Value::Null);
            walk(&path, of, default, seen);
            if default.is_null() || of.takes() == Takes::Map {
                continue;
            }
            *seen += 1;
            let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let gathered = with(five_flags(), &[(variable(&path).as_str(), text.as_str())]);
            assert!(gathered.settings.is_some(), "{path}: {:#?}", gathered.findings);
        }
    }
    let schema = shape::whole();
    let mut seen = 0;
    walk("", Shape(&schema), &serde_json::to_value(Settings::default()).unwrap(), &mut seen);
    assert!(seen > 35, "{seen} keys");
}
