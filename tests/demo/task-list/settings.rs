//! What the page needs to be told, from the environment (README.md beside this has the table).

use secrecy::SecretString;
use url::Url;

/// The settings, checked.
pub(crate) struct Settings {
    /// Where it listens.
    pub(crate) listen: String,
    /// How browsers reach it; its `/signed-in` is the address that the issuer has to know.
    pub(crate) url: Url,
    /// The gateway's REST interface.
    pub(crate) engine: Url,
    /// The issuer, exactly as it names itself.
    pub(crate) issuer: String,
    /// The client, for people's sign-in and for the page's own token.
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    /// The audience of the gateway.
    pub(crate) audience: String,
    /// The scope that the page's own token asks for.
    pub(crate) scope: String,
    /// The claim that is a person's user id in the engine.
    pub(crate) user_claim: String,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// The first that is missing or can't be used.
    pub(crate) fn read() -> Result<Self, String> {
        let listen = or("LISTEN", "127.0.0.1:8090");
        let url = or("URL", &format!("http://{listen}/"));
        Ok(Self {
            url: address("URL", &url)?,
            engine: address("ENGINE", &needed("ENGINE")?)?,
            issuer: needed("ISSUER")?,
            client_id: needed("CLIENT_ID")?,
            client_secret: secret()?,
            audience: needed("AUDIENCE")?,
            scope: or("SCOPE", "tenants:work"),
            user_claim: or("USER_CLAIM", "sub"),
            listen,
        })
    }
}

fn or(name: &str, default: &str) -> String {
    let named = std::env::var(format!("TASK_LIST_{name}")).ok().filter(|value| !value.is_empty());
    named.unwrap_or_else(|| default.to_owned())
}

fn needed(name: &str) -> Result<String, String> {
    let value = or(name, "");
    if value.is_empty() { Err(format!("TASK_LIST_{name} is not set")) } else { Ok(value) }
}

/// The secret itself, or better a file that holds it.
fn secret() -> Result<SecretString, String> {
    let file = or("CLIENT_SECRET_FILE", "");
    if file.is_empty() {
        return needed("CLIENT_SECRET").map(SecretString::from);
    }
    let text = std::fs::read_to_string(&file).map_err(|e| format!("TASK_LIST_CLIENT_SECRET_FILE: {e}"))?;
    Ok(SecretString::from(text.trim_end()))
}

fn address(name: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("TASK_LIST_{name}: {e}"))?;
    if url.cannot_be_a_base() {
        return Err(format!("TASK_LIST_{name}: `{text}` is no address"));
    }
    Ok(url)
}
