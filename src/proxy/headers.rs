//! Which of the engine's headers go back to the client.

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, HeaderMap, LOCATION, PROXY_AUTHENTICATE, SERVER, SET_COOKIE,
    TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// The engine's headers without those that are about the connection (RFC 9110 section 7.6.1), its cookies (they are
/// the gateway's session, shared by all tenants) and its name. The length is set anew by whoever writes the body.
pub fn reply_headers(engine: &HeaderMap, engine_origin: &str, public_origin: &str) -> Vec<(String, Vec<u8>)> {
    let named: Vec<String> = engine
        .get_all(CONNECTION)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(',').map(|n| n.trim().to_ascii_lowercase()))
        .collect();
    let dropped = [
        CONNECTION,
        CONTENT_LENGTH,
        PROXY_AUTHENTICATE,
        SERVER,
        SET_COOKIE,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    let mut headers: Vec<(String, Vec<u8>)> = engine
        .iter()
        .filter(|(name, _)| {
            !dropped.contains(name) && *name != "keep-alive" && !named.iter().any(|n| n == name.as_str())
        })
        .map(|(name, value)| {
            let value = match value.to_str().ok().filter(|_| *name == LOCATION) {
                Some(location) => match location.strip_prefix(engine_origin) {
                    Some(rest) => format!("{public_origin}{rest}").into_bytes(),
                    None => value.as_bytes().to_vec(),
                },
                None => value.as_bytes().to_vec(),
            };
            (name.as_str().to_owned(), value)
        })
        .collect();
    if !engine.contains_key(CACHE_CONTROL) {
        // A cache between client and gateway must not keep one tenant's answer for another.
        headers.push(("cache-control".into(), b"private, no-store".to_vec()));
    }
    headers
}
