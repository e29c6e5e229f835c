//! The arguments, and the help that teaches them.

use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::{Flag, GatherArgs, Level};

const EXAMPLES: &str = "\
Examples:
  Run the gateway in front of an engine; these five flags are complete and safe:
    tenantgate serve --listen 0.0.0.0:8080 --admin-listen 0.0.0.0:9090 \\
      --engine-url http://camunda:8080/engine-rest \\
      --issuer https://example.eu.auth0.com/ --audience https://camunda.example.com/engine-rest

  List all errors and warnings of a configuration file:
    tenantgate check --config tenantgate.yaml

  Check whether a model may be deployed:
    tenantgate check --model order.bpmn

  Show how a request would be handled (nothing is sent):
    tenantgate explain GET /engine-rest/task --client-id orders

Flags override environment variables (TENANTGATE_ENGINE__URL), which override the file, which overrides the defaults.
Exit codes: 0 success, 1 failure, 2 usage error, 3 errors found or request refused.";

const SERVE_EXAMPLES: &str = "\
Examples:
  tenantgate serve --config /etc/tenantgate/tenantgate.yaml
  TENANTGATE_ENGINE__URL=http://camunda:8080/engine-rest tenantgate serve \\
    --issuer https://example.eu.auth0.com/ --audience https://camunda.example.com/engine-rest

An error in the configuration stops the start; all errors are listed, and the exit code is 3.
Only the gateway may reach the engine: close the engine's port to everyone else.";

const CHECK_EXAMPLES: &str = "\
Examples:
  tenantgate check --config tenantgate.yaml
  tenantgate check --config tenantgate.yaml --model order.bpmn invoice.dmn

  tenantgate check --model order.bpmn

With --model and no settings at all, the models are checked against the defaults.
Nothing is started and nothing is sent. The exit code is 0 if there are only warnings, and 3 if there are errors.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  tenantgate explain GET '/engine-rest/task?name=Pay' --client-id orders --config tenantgate.yaml
  tenantgate explain POST /engine-rest/task --body query.json --client-id orders --config tenantgate.yaml
  tenantgate explain POST /engine-rest/deployment/create --body form.bin \\
    --header 'Content-Type: multipart/form-data; boundary=x' --client-id orders --config tenantgate.yaml
  tenantgate explain GET /engine-rest/task/4711 --token token.jwt --config tenantgate.yaml

  tenantgate explain --client-id orders \\
    curl -X POST https://camunda.example.com/engine-rest/task -H 'Content-Type: application/json' -d '{}'

A pasted curl command comes last; its Authorization header is ignored. Without a configuration the defaults apply,
with the path `/engine-rest`. Nothing is sent to the engine. The exit code is 3 if the request would be refused.";

/// Keeps the applications of a shared Camunda 7 engine inside their own tenants.
///
/// The bearer token of each request identifies an application. Requests to the engine's REST API are restricted to that
/// application's tenant, or refused. The engine itself is not changed.
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
    /// Check configuration, rules and models, and list every finding.
    #[command(after_help = CHECK_EXAMPLES, after_long_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Show how a request would be handled: operation, rule, look-ups, and the engine's request or the refusal.
    #[command(after_help = EXPLAIN_EXAMPLES, after_long_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Print the JSON schema of the configuration file, for editors.
    Schema,
    /// Write the man pages into a folder.
    Manual {
        /// The folder; it must exist.
        folder: PathBuf,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Settings on the command line. Each overrides its variable and its key in the file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// The YAML file with all settings [variable: TENANTGATE_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address for applications [default: 0.0.0.0:8080]. Port 0: chosen by the system.
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Option<String>,
    /// Address for /metrics, /healthz and /readyz [default: 0.0.0.0:9090].
    #[arg(long, value_name = "IP:PORT")]
    pub admin_listen: Option<String>,
    /// Scheme and host for links in responses [default: those of the request].
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// URL of the engine's REST API; its path is also the public path.
    #[arg(long, value_name = "URL")]
    pub engine_url: Option<String>,
    /// The issuer whose tokens are accepted: their exact `iss` [variable: TENANTGATE_ISSUER].
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// An accepted audience; repeatable [variable: TENANTGATE_AUDIENCE, comma separated].
    #[arg(long, value_name = "TEXT")]
    pub audience: Vec<String>,
    /// Address of the issuer's keys [default: the issuer and .well-known/jwks.json].
    #[arg(long, value_name = "URL")]
    pub jwks_url: Option<String>,
    /// Folder whose rules replace the built-in ones.
    #[arg(long, value_name = "FOLDER")]
    pub policies: Option<String>,
    /// `human` or `json` [default: human].
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What is logged, for example `info` or `info,tenantgate=debug` [default: info].
    #[arg(long, visible_alias = "log-level", value_name = "FILTER")]
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
    /// Models (BPMN, DMN, CMMN, forms) to check for deployment.
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
    /// A header such as 'Accept: application/json'; repeatable [default with a body: Content-Type:
    /// application/json].
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// The client id of the application [default: example].
    #[arg(long, value_name = "ID", conflicts_with = "token")]
    pub client_id: Option<String>,
    /// Another tenant that the token grants, at `read`, `work` or `all`; repeatable.
    #[arg(long = "grant", value_name = "TENANT=LEVEL", conflicts_with = "token")]
    pub grants: Vec<Grant>,
    /// File with a token to use; it is verified with the issuer's keys, which are fetched.
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
    #[error("write a header as 'Name: value'")]
    Form,
    /// It follows from the body.
    #[error("`explain` derives this header from the body")]
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
