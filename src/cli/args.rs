//! The arguments, and the help that teaches them.

use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::{Flag, GatherArgs, Level};

const EXAMPLES: &str = "\
Examples:
  Put it in front of an engine, complete and safe with five flags:
    tenantgate serve --listen 0.0.0.0:8080 --admin-listen 0.0.0.0:9090 \\
      --engine-url http://camunda:8080/engine-rest \\
      --issuer https://example.eu.auth0.com/ --audience https://camunda.example.com/engine-rest

  See every fault of a configuration file, and every risk, in one run:
    tenantgate check --config tenantgate.yaml

  See whether a model would be let through:
    tenantgate check --config tenantgate.yaml --model order.bpmn

  See what would become of a request (nothing is sent):
    tenantgate explain GET /engine-rest/task --client-id orders --config tenantgate.yaml

Settings come from flags, then variables (TENANTGATE_ENGINE__URL), then the file, then defaults.
Exit codes: 0 ok, 1 failed, 2 usage, 3 findings or refusal.";

const SERVE_EXAMPLES: &str = "\
Examples:
  tenantgate serve --config /etc/tenantgate/tenantgate.yaml
  TENANTGATE_ENGINE__URL=http://camunda:8080/engine-rest tenantgate serve \\
    --issuer https://example.eu.auth0.com/ --audience https://camunda.example.com/engine-rest

Any error among the settings stops the start; all of them are shown, and the exit code is 3.
Only the gateway may reach the engine: close the engine's port to everybody else.";

const CHECK_EXAMPLES: &str = "\
Examples:
  tenantgate check --config tenantgate.yaml
  tenantgate check --config tenantgate.yaml --model order.bpmn invoice.dmn

  tenantgate check --model order.bpmn

With --model and no settings at all, the models are checked against the defaults.
Nothing is started and nothing is sent. Warnings alone end with exit code 0, errors with 3.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  tenantgate explain GET '/engine-rest/task?name=Pay' --client-id orders --config tenantgate.yaml
  tenantgate explain POST /engine-rest/task --body query.json --client-id orders --config tenantgate.yaml
  tenantgate explain POST /engine-rest/deployment/create --body form.bin \\
    --header 'Content-Type: multipart/form-data; boundary=x' --client-id orders --config tenantgate.yaml
  tenantgate explain GET /engine-rest/task/4711 --token token.jwt --config tenantgate.yaml

  tenantgate explain --client-id orders \\
    curl -X POST https://camunda.example.com/engine-rest/task -H 'Content-Type: application/json' -d '{}'

A pasted curl line is the last argument; its Authorization header is ignored. Without any settings the defaults apply,
with the engine's path `/engine-rest`. Nothing is sent to the engine.
A request that would be refused ends with exit code 3.";

/// Keeps the applications of a shared Camunda 7 engine inside their own tenants.
///
/// Each request's bearer token names an application; every request of the engine's REST interface is pinned to that
/// application's tenant, or refused. The engine stays as it is.
#[derive(Debug, Parser)]
#[command(name = "tenantgate", version = crate::version::LONG, after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway.
    #[command(after_help = SERVE_EXAMPLES, after_long_help = SERVE_EXAMPLES)]
    Serve(SettingsArgs),
    /// Check configuration, policies and models: every finding in one run.
    #[command(after_help = CHECK_EXAMPLES, after_long_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Show what would become of a request: operation, rule, look-ups, the engine's request or the refusal.
    #[command(after_help = EXPLAIN_EXAMPLES, after_long_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Print the JSON schema of the configuration file, for editors.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Settings on the command line. Each goes before its variable and its key in the file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// The YAML file with all settings [variable: TENANTGATE_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where applications connect [default: 0.0.0.0:8080]. Port 0: the system chooses one.
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Option<String>,
    /// Where /metrics, /healthz and /readyz answer [default: 0.0.0.0:9090].
    #[arg(long, value_name = "IP:PORT")]
    pub admin_listen: Option<String>,
    /// Scheme and host that links in answers show [default: as the client asked].
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// URL of the engine's REST interface; its path is the public one, too.
    #[arg(long, value_name = "URL")]
    pub engine_url: Option<String>,
    /// The issuer whose tokens are taken: their exact `iss` [variable: TENANTGATE_ISSUER].
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// An audience that is taken; repeat it for several [variable: TENANTGATE_AUDIENCE, with commas].
    #[arg(long, value_name = "TEXT")]
    pub audience: Vec<String>,
    /// Where the issuer's keys lie [default: the issuer and .well-known/jwks.json].
    #[arg(long, value_name = "URL")]
    pub jwks_url: Option<String>,
    /// Folder whose rules replace the built-in ones.
    #[arg(long, value_name = "FOLDER")]
    pub policies: Option<String>,
    /// `human` or `json` [default: human].
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What is logged, as `info` or `info,tenantgate=debug` [default: info].
    #[arg(long, alias = "log-level", value_name = "FILTER")]
    pub log_filter: Option<String>,
}

/// Which key each flag sets; those of `issuers[]` describe a single issuer together.
impl From<SettingsArgs> for GatherArgs {
    fn from(args: SettingsArgs) -> Self {
        let audiences = (!args.audience.is_empty()).then(|| args.audience.into());
        let texts = [
            ("--listen", "listen", args.listen),
            ("--admin-listen", "admin_listen", args.admin_listen),
            ("--public-url", "public_url", args.public_url),
            ("--engine-url", "engine.url", args.engine_url),
            ("--issuer", "issuers[].issuer", args.issuer),
            ("--jwks-url", "issuers[].jwks_url", args.jwks_url),
            ("--policies", "policies.directory", args.policies),
            ("--log-format", "log.format", args.log_format),
            ("--log-filter", "log.filter", args.log_filter),
        ]
        .map(|(name, key, text)| (name, key, text.map(serde_json::Value::from)));
        let all = texts.into_iter().chain([("--audience", "issuers[].audiences", audiences)]);
        let flags = all.filter_map(|(name, key, value)| Some(Flag { name, key, value: value? })).collect();
        Self { config: args.config, flags }
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Models (BPMN, DMN, CMMN, forms) to check as if they were deployed.
    #[arg(long = "model", value_name = "FILE", num_args = 1..)]
    pub models: Vec<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The method; GET if only a path or a URL is given.
    pub method: String,
    /// The path with its query, or a whole URL: /engine-rest/task?name=Pay.
    pub path: Option<String>,
    /// File with the body.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub body: Option<PathBuf>,
    /// The body itself.
    #[arg(long, value_name = "TEXT")]
    pub data: Option<String>,
    /// A header, as 'Accept: application/json'; repeat it for several [default with a body: Content-Type:
    /// application/json].
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// Explain it for this application [default: example].
    #[arg(long, value_name = "ID", conflicts_with = "token")]
    pub client_id: Option<String>,
    /// Explain it for an application whose token grants another tenant at `read`, `work` or `all`; repeat it for several.
    #[arg(long = "grant", value_name = "TENANT=LEVEL", conflicts_with = "token")]
    pub grants: Vec<Grant>,
    /// Explain it for the bearer of the token in this file; it is verified, for which the issuer is asked for its keys.
    #[arg(long, value_name = "FILE")]
    pub token: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

impl ExplainArgs {
    /// Method, path and query; a URL without the server that it names.
    pub(super) fn target(&self) -> (&str, &str, Option<&str>) {
        let (method, target) = match &self.path {
            Some(path) => (self.method.as_str(), path.as_str()),
            None => ("GET", self.method.as_str()),
        };
        let target = match target.split_once("://") {
            Some(("http" | "https", rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
            _ => target,
        };
        // A browser's fragment is never sent.
        let target = target.split('#').next().unwrap_or_default();
        match target.split_once('?') {
            Some((path, query)) => (method, path, Some(query)),
            None => (method, target, None),
        }
    }
}

/// Why a text is no header that `explain` takes.
#[derive(Debug, thiserror::Error)]
enum NoHeader {
    /// It is not a name and a value.
    #[error("a header is written as 'Name: value'")]
    Form,
    /// It follows from the body.
    #[error("`explain` sets it by the body")]
    Framing,
}

fn header(text: &str) -> Result<(String, String), NoHeader> {
    let (name, value) = text.split_once(':').ok_or(NoHeader::Form)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| NoHeader::Form)?;
    let value = value.trim();
    HeaderValue::from_str(value).map_err(|_| NoHeader::Form)?;
    if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
        return Err(NoHeader::Framing);
    }
    Ok((name.as_str().to_owned(), value.to_owned()))
}

/// A tenant that is granted at a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The tenant, as written.
    pub tenant: String,
    /// The level.
    pub level: Level,
}

/// A text that is no grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as `TENANT=LEVEL`, with the level `read`, `work` or `all`")]
pub struct NoGrant;

impl FromStr for Grant {
    type Err = NoGrant;

    fn from_str(text: &str) -> Result<Self, NoGrant> {
        let (tenant, level) = text.split_once('=').ok_or(NoGrant)?;
        Ok(Self { tenant: tenant.to_owned(), level: Level::named(level).ok_or(NoGrant)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn explain_takes_a_path_or_a_pasted_url() {
        let target = |words: &[&str]| {
            let words = [&["tenantgate", "explain"], words].concat();
            let Command::Explain(args) = Arguments::try_parse_from(words).unwrap().command else { panic!() };
            let (method, path, query) = args.target();
            format!("{method} {path} {}", query.unwrap_or("-"))
        };
        assert_eq!(target(&["PUT", "/engine-rest/task"]), "PUT /engine-rest/task -");
        assert_eq!(target(&["/engine-rest/task?a=b"]), "GET /engine-rest/task a=b");
        assert_eq!(
            target(&["GET", "https://u:1/engine-rest/task?a=http://x#y"]),
            "GET /engine-rest/task a=http://x"
        );
        assert_eq!(target(&["https://camunda.example.com"]), "GET / -");
    }

    #[test]
    fn explain_is_for_an_id_or_a_token_not_both() {
        let parse = |more: &[&str]| {
            Arguments::try_parse_from([&["tenantgate", "explain", "GET", "/x"], more].concat()).is_ok()
        };
        assert!(parse(&["--client-id", "a"]));
        assert!(parse(&["--token", "t"]));
        assert!(!parse(&["--client-id", "a", "--token", "t"]));
        assert!(parse(&["--grant", "B=read", "--grant", "C=all"]));
        for wrong in ["B", "B=", "B=Read", "B:read"] {
            assert!(!parse(&["--grant", wrong]), "{wrong}");
        }
        assert!(!parse(&["--grant", "B=read", "--token", "t"]));
    }
}
