//! The issuer's people: two of them, who sign in by choosing who they are (authorization code with PKCE, RFC 7636).
//!
//! As the rest of the issuer for development and tests only: it believes whoever presses a button.

use std::collections::HashMap;
use std::sync::Mutex;

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;

/// User ids and names.
pub const PEOPLE: [(&str, &str); 2] = [("ada", "Ada Lovelace"), ("grace", "Grace Hopper")];

/// What the issuer's operator set for a client.
#[derive(Clone, Default)]
pub struct Client {
    /// The scopes of its own tokens.
    pub scope: String,
    /// Where people come back to.
    pub callback: Option<String>,
    /// Seconds that its own tokens live; none: a day.
    pub lives: Option<u64>,
}

/// Clients that people sign in at, and codes that were not redeemed yet.
#[derive(Default)]
pub struct People {
    clients: Mutex<HashMap<String, Client>>,
    codes: Mutex<HashMap<String, Code>>,
}

struct Code {
    asked: Asked,
    person: (&'static str, &'static str),
}

/// What a client asks for in the browser's address.
#[derive(Clone, Deserialize)]
pub struct Asked {
    response_type: String,
    /// The client.
    pub client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    /// Comes back in the id token.
    #[serde(default)]
    pub nonce: String,
    code_challenge: String,
    code_challenge_method: String,
}

/// What the page sends: the same, and who was chosen.
#[derive(Deserialize)]
pub struct Chosen {
    person: String,
    #[serde(flatten)]
    asked: Asked,
}

impl People {
    /// Sets what a client gets.
    pub fn register(&self, id: &str, client: Client) {
        self.clients.lock().unwrap().insert(id.to_owned(), client);
    }

    /// What was set for a client.
    pub fn client(&self, id: &str) -> Client {
        self.clients.lock().unwrap().get(id).cloned().unwrap_or_default()
    }

    /// The page with a button for each person; a client or an address that is not known gets nobody.
    pub fn page(&self, query: &str) -> HttpResponse {
        let Ok(asked) = web::Query::<Asked>::from_query(query) else {
            return no("the request can't be read");
        };
        if let Err(why) = self.allowed(&asked) {
            return no(why);
        }
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let hidden = |(name, value): &(_, _)| {
            let (name, value): (&std::borrow::Cow<'_, str>, &std::borrow::Cow<'_, str>) = (name, value);
            format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
        };
        let hidden: String = pairs.iter().map(hidden).collect();
        let button =
            |(id, name): &(&str, &str)| format!("<button name=\"person\" value=\"{id}\">{name}</button>");
        let buttons: String = PEOPLE.iter().map(button).collect();
        let page = include_str!("people.html").replace("HIDDEN", &hidden).replace("BUTTONS", &buttons);
        HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
    }

    /// Back to the client with a code.
    pub fn chosen(&self, form: &Chosen) -> HttpResponse {
        if let Err(why) = self.allowed(&form.asked) {
            return no(why);
        }
        let Some(person) = PEOPLE.iter().find(|(id, _)| *id == form.person) else {
            return no("there is no such person");
        };
        let code = uuid::Uuid::new_v4().simple().to_string();
        let mut back = url::Url::parse(&form.asked.redirect_uri).unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &form.asked.state);
        self.codes.lock().unwrap().insert(code, Code { asked: form.asked.clone(), person: *person });
        HttpResponse::SeeOther().insert_header((LOCATION, String::from(back))).finish()
    }

    fn allowed(&self, asked: &Asked) -> Result<(), &'static str> {
        if self.client(&asked.client_id).callback.as_ref() != Some(&asked.redirect_uri) {
            return Err("the client or its address is not known");
        }
        if (asked.response_type.as_str(), asked.code_challenge_method.as_str()) != ("code", "S256") {
            return Err("only codes with a challenge of S256");
        }
        Ok(())
    }

    /// Who stands behind a code, once, for who asked for it.
    pub fn redeemed(
        &self,
        code: &str,
        client: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Option<(Asked, (&'static str, &'static str))> {
        let Code { asked, person } = self.codes.lock().unwrap().remove(code)?;
        let challenge = BASE64.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let same = asked.client_id == client && asked.redirect_uri == redirect_uri;
        (same && asked.code_challenge == challenge).then_some((asked, person))
    }
}

fn no(why: &'static str) -> HttpResponse {
    HttpResponse::BadRequest().content_type("text/plain; charset=utf-8").body(why)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
