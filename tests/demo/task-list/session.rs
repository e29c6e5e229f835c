//! Who is signed in: sessions in memory, each behind a random id in a cookie that scripts can't read.
//!
//! Sessions end with the program. Several replicas need one place for them, or each person one replica.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::{constant_time, digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

/// A session that nobody uses ends.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// Every session ends.
const WHOLE: Duration = Duration::from_secs(8 * 60 * 60);
/// How long signing in may take.
const SIGNING_IN: Duration = Duration::from_secs(10 * 60);
/// Most of each at once: whoever is not signed in can begin to, so the oldest make room.
const MOST: usize = 10_000;

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The user id in the engine.
    pub(crate) id: String,
    /// As people call them.
    pub(crate) name: String,
}

/// A session as a request sees it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Its id.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) person: Person,
    /// Stands in each of its forms: another site can send a form, and not know this.
    pub(crate) form_token: String,
}

impl Session {
    /// Whether a form is one of this session's.
    pub(crate) fn wrote(&self, form_token: &str) -> bool {
        constant_time::verify_slices_are_equal(self.form_token.as_bytes(), form_token.as_bytes()).is_ok()
    }
}

/// Somebody on the way to the issuer and back.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// Comes back with the code: it belongs to this browser.
    pub(crate) state: String,
    /// Comes back in the id token: it belongs to this attempt.
    pub(crate) nonce: String,
    /// Shows that who redeems the code is who asked for it (RFC 7636).
    pub(crate) verifier: String,
    /// The page that was asked for.
    pub(crate) to: String,
}

impl Attempt {
    /// A new one, towards a page of ours.
    pub(crate) fn new(to: &str) -> Self {
        Self { state: random(), nonce: random(), verifier: random(), to: local(to).to_owned() }
    }

    /// The verifier's digest, which alone goes through the browser.
    pub(crate) fn challenge(&self) -> String {
        BASE64.encode(digest::digest(&digest::SHA256, self.verifier.as_bytes()))
    }
}

/// A session with what its next page needs.
struct Going {
    session: Session,
    /// What the next page says first.
    notice: Option<String>,
    /// The list that was seen last.
    list: String,
}

/// All sessions.
pub(crate) struct Sessions {
    secure: bool,
    sessions: Kept<Going>,
    attempts: Kept<Attempt>,
    /// Names of those who signed in, by user id.
    names: Kept<String>,
}

/// The cookie of a session.
const SESSION: &str = "task_list";
/// The cookie of an attempt.
const ATTEMPT: &str = "task_list_sign_in";

impl Sessions {
    /// None yet. `secure`: the page is reached by https.
    pub(crate) fn new(secure: bool) -> Self {
        Self {
            secure,
            sessions: Kept::new(IDLE, WHOLE),
            attempts: Kept::new(SIGNING_IN, SIGNING_IN),
            names: Kept::new(WHOLE, WHOLE * 24),
        }
    }

    /// Keeps an attempt; the cookie for the browser.
    pub(crate) fn attempt(&self, attempt: Attempt) -> String {
        let id = random();
        self.attempts.put(id.clone(), attempt);
        self.cookie(ATTEMPT, &id)
    }

    /// The attempt of a browser, once.
    pub(crate) fn attempted(&self, cookies: &str) -> Option<Attempt> {
        self.attempts.take(self.cookie_in(cookies, ATTEMPT)?)
    }

    /// A new session, whatever the browser had before; the cookies for the browser.
    pub(crate) fn begin(&self, person: Person, cookies: &str) -> [String; 2] {
        self.end(cookies);
        let id = random();
        self.names.put(person.id.clone(), person.name.clone());
        let session = Session { id: id.clone(), person, form_token: random() };
        self.sessions.put(id.clone(), Going { session, notice: None, list: "/".to_owned() });
        [self.cookie(SESSION, &id), self.no_cookie(ATTEMPT)]
    }

    /// The session of a browser.
    pub(crate) fn of(&self, cookies: &str) -> Option<Session> {
        self.sessions.with(self.cookie_in(cookies, SESSION)?, |going| going.session.clone())
    }

    /// Ends a browser's session; the cookie for the browser.
    pub(crate) fn end(&self, cookies: &str) -> String {
        if let Some(id) = self.cookie_in(cookies, SESSION) {
            self.sessions.take(id);
        }
        self.no_cookie(SESSION)
    }

    /// What the session's next page says first.
    pub(crate) fn tell(&self, session: &Session, text: impl Into<String>) {
        let text = text.into();
        self.sessions.with(&session.id, |going| going.notice = Some(text));
    }

    /// What was to be said, once.
    pub(crate) fn told(&self, session: &Session) -> Option<String> {
        self.sessions.with(&session.id, |going| going.notice.take()).flatten()
    }

    /// Keeps the list that is seen now.
    pub(crate) fn sees(&self, session: &Session, list: String) {
        self.sessions.with(&session.id, |going| going.list = list);
    }

    /// The list that was seen last.
    pub(crate) fn last_list(&self, session: &Session) -> String {
        self.sessions.with(&session.id, |going| going.list.clone()).unwrap_or_else(|| "/".to_owned())
    }

    /// What a user id is called; itself where nobody of it signed in here.
    pub(crate) fn name(&self, user: &str) -> String {
        self.names.with(user, |name| name.clone()).unwrap_or_else(|| user.to_owned())
    }

    /// The cookie's name: a browser keeps other hosts and paths from setting one that begins so.
    fn named(&self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn cookie(&self, name: &str, value: &str) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", self.named(name))
    }

    fn no_cookie(&self, name: &str) -> String {
        format!("{}; Max-Age=0", self.cookie(name, ""))
    }

    fn cookie_in<'c>(&self, cookies: &'c str, name: &str) -> Option<&'c str> {
        let name = self.named(name);
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(n, _)| *n == name).map(|(_, value)| value)
    }
}

/// A page of ours, as a path; the list for anything else. An address of another site would make us a signpost to it.
fn local(to: &str) -> &str {
    let ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.chars().all(|c| c.is_ascii_graphic() && c != '\\')
        && to.len() < 2000;
    if ours { to } else { "/" }
}

/// 256 random bits, as text.
fn random() -> String {
    let mut bytes = [0; 32];
    // No randomness, no sessions: an id that can be guessed is worse than a page that is down.
    if rand::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    BASE64.encode(bytes)
}

/// Values that end by themselves.
struct Kept<T> {
    idle: Duration,
    whole: Duration,
    values: Mutex<HashMap<String, Held<T>>>,
}

struct Held<T> {
    value: T,
    began: Instant,
    used: Instant,
}

impl<T> Kept<T> {
    fn new(idle: Duration, whole: Duration) -> Self {
        Self { idle, whole, values: Mutex::default() }
    }

    fn put(&self, id: String, value: T) {
        let mut values = self.locked();
        if values.len() >= MOST
            && let Some(oldest) = values.iter().min_by_key(|(_, held)| held.used).map(|(id, _)| id.clone())
        {
            values.remove(&oldest);
        }
        let now = Instant::now();
        values.insert(id, Held { value, began: now, used: now });
    }

    fn take(&self, id: &str) -> Option<T> {
        self.locked().remove(id).map(|held| held.value)
    }

    fn with<R>(&self, id: &str, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut values = self.locked();
        let held = values.get_mut(id)?;
        held.used = Instant::now();
        Some(f(&mut held.value))
    }

    /// The values, without those that ended.
    fn locked(&self) -> MutexGuard<'_, HashMap<String, Held<T>>> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.retain(|_, held| held.used.elapsed() < self.idle && held.began.elapsed() < self.whole);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_one_of_ours() {
        assert_eq!(local("/task/1?x=y#z"), "/task/1?x=y#z");
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil", "", "task"]
        {
            assert_eq!(local(elsewhere), "/", "{elsewhere}");
        }
    }

    #[test]
    fn a_session_is_its_browsers_and_its_forms_are_its_own() {
        let sessions = Sessions::new(true);
        let person = |id: &str| Person { id: id.into(), name: id.into() };
        let cookie = |set: &str| set.split(';').next().unwrap().to_owned();
        let [ada, _] = sessions.begin(person("ada"), "");
        assert!(
            ada.starts_with("__Host-task_list=") && ada.contains("; Secure") && ada.contains("; HttpOnly"),
            "{ada}"
        );
        let [grace, _] = sessions.begin(person("grace"), "");
        let (ada, grace) = (cookie(&ada), cookie(&grace));
        let (of_ada, of_grace) = (sessions.of(&ada).unwrap(), sessions.of(&format!("a=b; {grace}")).unwrap());
        assert_eq!((of_ada.person.id.as_str(), of_grace.person.id.as_str()), ("ada", "grace"));
        assert!(of_ada.wrote(&of_ada.form_token) && !of_ada.wrote(&of_grace.form_token) && !of_ada.wrote(""));
        // Signing in anew ends what the browser had.
        let [again, _] = sessions.begin(person("ada"), &ada);
        assert!(sessions.of(&ada).is_none() && sessions.of(&cookie(&again)).is_some());
        sessions.end(&grace);
        assert!(sessions.of(&grace).is_none());
    }

    #[test]
    fn an_attempt_is_taken_once() {
        let sessions = Sessions::new(false);
        let cookie = sessions.attempt(Attempt::new("/"));
        let cookie = cookie.split(';').next().unwrap();
        assert!(sessions.attempted(cookie).is_some() && sessions.attempted(cookie).is_none());
    }
}
